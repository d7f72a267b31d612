/** Keys to keep: one more removes the key that was set longest ago. */
const MAXIMUM_KEYS = 10_000;

/** A map with a bounded number of keys, so that strangers cannot fill the memory with names and addresses. */
export class RecentKeys<V> {
  readonly #most: number;
  readonly #values = new Map<string, V>();

  constructor(most: number = MAXIMUM_KEYS) {
    this.#most = most;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** Sets a value and makes its key the newest. */
  set(key: string, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#most) return;
    const [oldest] = this.#values.keys();
    if (oldest !== undefined) this.#values.delete(oldest);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }
}
