/** Secrets of one run, wiped however it ends. */
import { wipe } from './arith/bytes.ts';

type Secret = Uint8Array | Uint32Array;

/**
 * Computes with intermediate values, each registered by `temporary`, and wipes them before it returns the
 * result or fails. The result must not be one of them.
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

/** Collects the secrets that must not outlive a protocol. Copies that the engine made are out of reach. */
export class Secrets {
  readonly #always: Secret[] = [];
  readonly #unlessDone: Secret[] = [];
  #done = false;

  /** Adds secrets that are wiped at the end. */
  keep(...secrets: readonly Secret[]): void {
    this.#always.push(...secrets);
  }

  /** Adds parts of the output, which are wiped only when there is none. */
  keepUnlessDone(...secrets: readonly Secret[]): void {
    this.#unlessDone.push(...secrets);
  }

  /** Notes that the output exists, and returns it. */
  done<T>(output: T): T {
    this.#done = true;
    return output;
  }

  wipe(): void {
    wipe(...this.#always, ...(this.#done ? [] : this.#unlessDone));
  }
}
