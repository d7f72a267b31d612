/** Counts how often each user was refused lately, over all its connections. */
import { LIMITS } from '@quorate/wire';

/** The consequence of a refusal: report it, report only that there were too many, or close the socket. */
export type Verdict = 'told' | 'limited' | 'flooded';

interface Count {
  since: number;
  refused: number;
}

/** Number of counted users above which expired counts are removed. */
const SWEEP = 1024;

/** Counts refusals per user in windows of fixed length. */
export class RefusalCounts {
  readonly #counts = new Map<string, Count>();

  /** Counts one refusal. */
  hit(username: string, now: number): Verdict {
    const { told, count, windowMs } = LIMITS.refusals;
    let own = this.#counts.get(username);
    if (own === undefined || now >= own.since + windowMs) {
      own = { since: now, refused: 0 };
      this.#counts.set(username, own);
      this.#sweep(now - windowMs);
    }
    own.refused += 1;
    if (own.refused <= told) return 'told';
    return own.refused < count ? 'limited' : 'flooded';
  }

  #sweep(before: number): void {
    if (this.#counts.size <= SWEEP) return;
    for (const [username, { since }] of this.#counts) {
      if (since <= before) this.#counts.delete(username);
    }
  }
}
