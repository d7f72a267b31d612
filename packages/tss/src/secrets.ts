/** Secrets of one run, to be overwritten however it ends. */
import { wipe } from './arith/bytes.ts';

type Secret = Uint8Array | Uint32Array;

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
