/** The clocks of the server. */

/**
 * Two clocks, injected so that tests control the time. Dates (of tokens, certificates, entries of the log) use
 * the wall clock. Durations use the monotonic clock, because a wall clock may be set.
 */
export interface Clock {
  /** The wall clock: milliseconds since 1970. */
  now(): number;
  /** Calls back once, not before the date `at`; returns a function that cancels. */
  schedule(at: number, callback: () => void): () => void;
  /** Milliseconds since an arbitrary moment, by the monotonic clock. */
  elapsed(): number;
  /** Calls back once after `delay` milliseconds by the monotonic clock; returns a function that cancels. */
  after(delay: number, callback: () => void): () => void;
}

/** The longest time that one timer of the runtime can wait. */
const LONGEST = 2 ** 31 - 1;

/** How long to wait before comparing with the wall clock again: it may have been set. */
const LOOK_AGAIN = 30_000;

/** Waits in steps until nothing is left; returns a function that cancels. */
function waitWhile(left: () => number, longest: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const now = Math.min(Math.max(left(), 0), longest);
    timer = setTimeout(() => (left() > 0 ? wait() : callback()), now);
    timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}

/** Real time. Its timers never keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule: (at, callback) => waitWhile(() => at - Date.now(), LOOK_AGAIN, callback),
  elapsed: () => performance.now(),
  after: (delay, callback) => {
    const end = performance.now() + delay;
    return waitWhile(() => end - performance.now(), LONGEST, callback);
  },
};
