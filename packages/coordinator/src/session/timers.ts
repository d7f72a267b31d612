/**
 * One timer for each session that waits for something. Deadlines are dates, so that they survive a restart; a
 * monotonic clock measures each of them from the moment it is first seen.
 */
import type { Clock } from '../clock.ts';

/** How long to wait after the store failed. */
const AGAIN_MS = 5000;

interface Watched {
  /** By date: when it passes, in the time of `elapsed`. */
  readonly ends: ReadonlyMap<number, number>;
  readonly cancel: () => void;
}

/** Timers by session. */
export class Timers {
  readonly #clock: Clock;
  readonly #expired: (sessionKey: string) => void;
  readonly #watched = new Map<string, Watched>();
  #stopped = false;

  constructor(clock: Clock, expired: (sessionKey: string) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /**
   * Replaces a session's deadlines; those that it already had keep their end. Without deadlines it has no
   * timer.
   */
  set(sessionKey: string, deadlines: readonly number[]): void {
    const before = this.#watched.get(sessionKey);
    before?.cancel();
    this.#watched.delete(sessionKey);
    if (deadlines.length === 0 || this.#stopped) return;
    const wall = this.#clock.now();
    const now = this.#clock.elapsed();
    const ends = new Map(
      deadlines.map((date) => [date, before?.ends.get(date) ?? now + Math.max(date - wall, 0)]),
    );
    const delay = Math.max(Math.min(...ends.values()) - now, 0);
    const cancel = this.#clock.after(delay, () => this.#expired(sessionKey));
    this.#watched.set(sessionKey, { ends, cancel });
  }

  /** Waits a little before a deadline that could not be stored passes again. */
  again(sessionKey: string): void {
    const watched = this.#watched.get(sessionKey);
    if (watched === undefined || this.#stopped) return;
    const cancel = this.#clock.after(AGAIN_MS, () => this.#expired(sessionKey));
    this.#watched.set(sessionKey, { ...watched, cancel });
  }

  /** The latest of these deadlines that has passed, whatever the wall clock says. */
  passed(sessionKey: string, deadlines: readonly number[]): number | undefined {
    const ends = this.#watched.get(sessionKey)?.ends;
    const now = this.#clock.elapsed();
    const over = deadlines.filter((date) => (ends?.get(date) ?? Number.POSITIVE_INFINITY) <= now);
    return over.length === 0 ? undefined : Math.max(...over);
  }

  /** Cancels all timers and takes no more. */
  stop(): void {
    this.#stopped = true;
    for (const { cancel } of this.#watched.values()) cancel();
    this.#watched.clear();
  }
}
