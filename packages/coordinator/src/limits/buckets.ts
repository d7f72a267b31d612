/** Rates per connection, in time that the caller gives. */

/** Counts events in a sliding window. */
export class Window {
  readonly #limit: number;
  readonly #length: number;
  #times: number[] = [];

  /** `length` in milliseconds. */
  constructor(limit: number, length: number) {
    this.#limit = limit;
    this.#length = length;
  }

  /** Counts one event; true when it reaches the limit. */
  hit(now: number): boolean {
    this.#times = this.#times.filter((time) => time > now - this.#length);
    this.#times.push(now);
    return this.#times.length >= this.#limit;
  }
}

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

  /** Takes `amount`; returns how many milliseconds the taker has to wait before it takes more. */
  take(amount: number, now: number): number {
    this.#refill(now);
    this.#level -= amount;
    return this.#level >= 0 ? 0 : Math.ceil((-this.#level * 1000) / this.#perSecond);
  }

  /** Takes `amount` if there is as much; otherwise takes nothing. */
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

/** One token bucket for each user. */
export class Buckets {
  readonly #capacity: number;
  readonly #perSecond: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(capacity: number, perSecond: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
  }

  /** Takes one of a user's, if there is one. */
  tryTake(username: string, now: number): boolean {
    const bucket = this.#buckets.get(username) ?? new Bucket(this.#capacity, this.#perSecond, now);
    this.#buckets.set(username, bucket);
    return bucket.tryTake(1, now);
  }
}
