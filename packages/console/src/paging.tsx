import { useSignal } from '@preact/signals';
import { t } from './tab.ts';

/** The position in a list. */
export interface Paging {
  /** The cursor of the page shown; undefined for the first. */
  readonly cursor: string | undefined;
  forward(cursor: string): void;
  back(): void;
}

/** Remembers the path through a list; starts again if `list` names another one. */
export function usePaging(list: string): Paging {
  const way = useSignal<{ list: string; cursors: readonly string[] }>({ list, cursors: [] });
  const cursors = way.value.list === list ? way.value.cursors : [];
  return {
    cursor: cursors.at(-1),
    forward: (cursor) => {
      way.value = { list, cursors: [...cursors, cursor] };
    },
    back: () => {
      way.value = { list, cursors: cursors.slice(0, -1) };
    },
  };
}

/** Buttons to the next and the previous page, if they exist. */
export function Pages({ paging, next }: { paging: Paging; next: string | undefined }) {
  if (paging.cursor === undefined && next === undefined) return null;
  return (
    <nav class="pages">
      <button type="button" disabled={paging.cursor === undefined} onClick={() => paging.back()}>
        {t('previous')}
      </button>
      <button
        type="button"
        disabled={next === undefined}
        onClick={() => next !== undefined && paging.forward(next)}
      >
        {t('next')}
      </button>
    </nav>
  );
}

/** A path with its query; omits undefined and empty values. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, value ?? '']));
  return given.length === 0 ? path : `${path}?${text}`;
}
