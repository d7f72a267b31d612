import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiProblem, contentOf } from './api.ts';
import { api } from './tab.ts';

/** The state of a request: the last answer, and why the newest one failed. */
export interface Answer<T> {
  readonly value?: T;
  readonly problem?: ApiProblem;
}

const HIDDEN_FACTOR = 10;

/**
 * Requests a path, and again every `every` milliseconds if given. A failure keeps the data shown; a hidden tab
 * polls rarely.
 */
export function useAnswer<T>(path: string, every?: number): Answer<T> {
  const answer: Signal<Answer<T>> = useSignal({});
  useEffect(() => {
    const stop = new AbortController();
    let timer: number | undefined;
    answer.value = {};
    const ask = async (): Promise<void> => {
      const next = await get<T>(path, stop.signal, answer.peek());
      if (stop.signal.aborted) return;
      answer.value = next;
      if (every === undefined && next.problem?.code !== 'unreachable') return;
      const wait = (every ?? 2000) * (document.hidden ? HIDDEN_FACTOR : 1);
      timer = setTimeout(() => void ask(), wait);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, every]);
  return answer.value;
}

async function get<T>(path: string, signal: AbortSignal, last: Answer<T>): Promise<Answer<T>> {
  try {
    return { value: await contentOf<T>(await api.get(path, signal)) };
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    return { ...last, problem: error };
  }
}
