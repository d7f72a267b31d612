/** One timer for each session that waits for something. */
import type { Clock } from '../services.ts';

/** Timers by session. */
export class Timers {
  readonly #clock: Clock;
  readonly #expired: (sessionKey: string) => void;
  readonly #cancels = new Map<string, () => void>();
  #stopped = false;

  constructor(clock: Clock, expired: (sessionKey: string) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** Replaces a session's timer; without a time it has none. */
  set(sessionKey: string, at: number | undefined): void {
    this.#cancels.get(sessionKey)?.();
    this.#cancels.delete(sessionKey);
    if (at === undefined || this.#stopped) return;
    const cancel = this.#clock.schedule(at, () => {
      this.#cancels.delete(sessionKey);
      this.#expired(sessionKey);
    });
    this.#cancels.set(sessionKey, cancel);
  }

  /** Cancels all timers and takes no more. */
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
