/** The timers of a link, one for each purpose. */

/** Events that a link waits for: its next attempt, a sign of life, a fresh token, an acknowledgement to gather. */
export type LinkTimer = 'retry' | 'silence' | 'renewal' | 'ack';

/** At most one timer of each kind. */
export class LinkTimers {
  readonly #timers = new Map<LinkTimer, NodeJS.Timeout>();

  /**
   * Replaces a timer; without a delay there is none. Only an attempt to connect and an acknowledgement keep
   * the process alive.
   */
  set(kind: LinkTimer, delay: number | undefined, work: () => void): void {
    clearTimeout(this.#timers.get(kind));
    this.#timers.delete(kind);
    if (delay === undefined) return;
    const timer = setTimeout(() => {
      this.#timers.delete(kind);
      work();
    }, delay);
    if (kind === 'silence' || kind === 'renewal') timer.unref();
    this.#timers.set(kind, timer);
  }

  /** Starts a timer unless it runs. */
  start(kind: LinkTimer, delay: number, work: () => void): void {
    if (!this.#timers.has(kind)) this.set(kind, delay, work);
  }

  /** Stops all. */
  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
