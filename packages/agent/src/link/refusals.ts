/**
 * Refused registrations. Most of them pass: a volume that was not mounted, a token that is about to be
 * renewed, a clock that is set. So a link tries again, slower and slower, and gives up after a long while.
 */
import { type Backoff, createBackoff } from '@quorate/holder';

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 300_000;

/** What a link does about one refusal. */
interface NextTry {
  /** Milliseconds until then. */
  readonly delay: number;
  /** Whether this reason was not said before. */
  readonly isNews: boolean;
}

/** The refusals since the last registration that succeeded. */
export interface Refusals {
  /** When to try again after a refusal; undefined when it was the last one. */
  next(reason: string): NextTry | undefined;
  /** A registration succeeded. */
  over(): void;
}

/** What {@link createRefusals} may be told differently. */
export interface RefusalOptions {
  /** Milliseconds of refusals until a link gives up; 0 gives up at the first. */
  readonly patience: number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed?: () => number;
  readonly backoff?: Backoff;
}

/** Starts to count. */
export function createRefusals(options: RefusalOptions): Refusals {
  const { patience, elapsed = () => performance.now() } = options;
  const backoff = options.backoff ?? createBackoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  let since: number | undefined;
  let said: string | undefined;
  return {
    next: (reason) => {
      since ??= elapsed();
      if (elapsed() - since >= patience) return undefined;
      const isNews = reason !== said;
      said = reason;
      return { delay: backoff.next(), isNews };
    },
    over: () => {
      since = undefined;
      said = undefined;
      backoff.reset();
    },
  };
}
