/** Primes on their way from the stock to the protocol. */
import type { PrimePair } from '@quorate/tss';
import type { PrimeStock } from '../primeStock.ts';
import type { PrimesFor } from '../worker/protocol.ts';

/** The primes of one session; those that the protocol is never told go back: nobody has seen anything of them. */
export class TakenPrimes {
  readonly #stock: PrimeStock;
  readonly #over: AbortSignal;
  /** Secret. */
  #pairs: readonly PrimePair[] = [];

  /** `over` says that the session needs none any more. */
  constructor(stock: PrimeStock, over: AbortSignal) {
    this.#stock = stock;
    this.#over = over;
    over.addEventListener('abort', () => this.#putBack(), { once: true });
  }

  /** Takes pairs, or waits until there are so many. */
  async take(count: number): Promise<void> {
    this.#pairs = await this.#stock.take(count, this.#over);
    if (this.#over.aborted) this.#putBack();
  }

  /** The protocol is told: they are never put back. */
  use(): PrimesFor {
    const [pedersen, paillier] = this.#pairs;
    if (pedersen === undefined) throw new Error('unreachable: no primes were taken');
    this.#pairs = [];
    return paillier === undefined ? { pedersen } : { pedersen, paillier };
  }

  #putBack(): void {
    if (this.#pairs.length > 0) this.#stock.putBack(this.#pairs);
    this.#pairs = [];
  }
}
