/**
 * Further attempts after a refused registration. Most refusals pass: a volume that was not mounted, a token that
 * somebody is about to renew, a clock that is set. So a link tries again, slower and slower, and gives up after a
 * long while.
 */
import { type Backoff, createBackoff } from '@quorate/holder';

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 300_000;

/** The attempt after one refusal. */
interface NextTry {
  /** Milliseconds until it. */
  readonly delay: number;
  /** Whether nobody has heard this reason before. */
  readonly isNews: boolean;
}

/** The attempts since the last registration that succeeded. */
export interface Retries {
  /** The next attempt after a refusal; undefined when it was the last one. */
  next(reason: string): NextTry | undefined;
  /** Starts anew: a registration succeeded. */
  reset(): void;
}

/** Options of {@link createRetries}. */
export interface RetryOptions {
  /** Milliseconds of refusals until a link gives up; 0 gives up at the first. */
  readonly patience: number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed?: () => number;
  readonly backoff?: Backoff;
}

/** Starts to count. */
export function createRetries(options: RetryOptions): Retries {
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
    reset: () => {
      since = undefined;
      said = undefined;
      backoff.reset();
    },
  };
}
