/** Sessions that ended in this process: their messages that still arrive are late, not lost. */

/** Far more than end while one message is on its way. */
const MOST = 10_000;

/** The last sessions that ended. One that is forgotten is answered for from its record, as after a restart. */
export class EndedSessions {
  readonly #most: number;
  readonly #keys = new Set<string>();

  constructor(most: number = MOST) {
    this.#most = most;
  }

  add(sessionKey: string): void {
    this.#keys.add(sessionKey);
    const [oldest] = this.#keys;
    if (this.#keys.size > this.#most && oldest !== undefined) this.#keys.delete(oldest);
  }

  has(sessionKey: string): boolean {
    return this.#keys.has(sessionKey);
  }
}
