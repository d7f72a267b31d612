/** Token buckets on the caller's clock: a burst at once, then a rate. */
import { RecentKeys } from './recentKeys.ts';

/** A token bucket. */
export class Bucket {
  readonly #capacity: number;
  readonly #perSecond: number;
  #level: number;
  #at: number;

  constructor(capacity: number, perSecond: number, now: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#level = capacity;
    this.#at = now;
  }

  /** Takes `amount`; returns how many milliseconds to wait before taking more. */
  take(amount: number, now: number): number {
    this.#refill(now);
    this.#level -= amount;
    return this.#level >= 0 ? 0 : Math.ceil((-this.#level * 1000) / this.#perSecond);
  }

  /** Takes `amount` if that much is left; otherwise takes nothing. */
  tryTake(amount: number, now: number): boolean {
    this.#refill(now);
    if (this.#level < amount) return false;
    this.#level -= amount;
    return true;
  }

  #refill(now: number): void {
    const gained = (Math.max(0, now - this.#at) * this.#perSecond) / 1000;
    this.#level = Math.min(this.#capacity, this.#level + gained);
    this.#at = Math.max(now, this.#at);
  }
}

/** One token bucket per key, for a bounded number of keys. */
export class Buckets {
  readonly #capacity: number;
  readonly #perSecond: number;
  readonly #buckets = new RecentKeys<Bucket>();

  constructor(capacity: number, perSecond: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
  }

  /** Takes one from a key's bucket, if there is one. */
  tryTake(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? new Bucket(this.#capacity, this.#perSecond, now);
    this.#buckets.set(key, bucket);
    return bucket.tryTake(1, now);
  }
}
