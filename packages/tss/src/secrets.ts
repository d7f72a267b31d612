/** Secrets of one run, to be overwritten however it ends. */
import { wipe } from './arith/bytes.ts';

type Secret = Uint8Array | Uint32Array;

/**
 * Computes with intermediate values, each registered by `temporary`, which are overwritten before the
 * result is returned or the computation fails. The result must not be one of them.
 */
export function withTemporaries<T>(
  compute: (temporary: <S extends Secret>(value: S) => S) => T,
): T {
  const made: Secret[] = [];
  try {
    return compute((value) => {
      made.push(value);
      return value;
    });
  } finally {
    wipe(...made);
  }
}

/** Collects what must not outlive a protocol. Copies that the engine made are out of reach. */
export class Secrets {
  readonly #always: Secret[] = [];
  readonly #unlessDone: Secret[] = [];
  #done = false;

  /** Overwritten at the end. */
  keep(...secrets: readonly Secret[]): void {
    this.#always.push(...secrets);
  }

  /** Part of the output: overwritten only when there is none. */
  keepUnlessDone(...secrets: readonly Secret[]): void {
    this.#unlessDone.push(...secrets);
  }

  /** The output exists. */
  done<T>(output: T): T {
    this.#done = true;
    return output;
  }

  wipe(): void {
    wipe(...this.#always, ...(this.#done ? [] : this.#unlessDone));
  }
}
