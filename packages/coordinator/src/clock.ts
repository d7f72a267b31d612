/** The clocks that everything goes by. */

/**
 * Two clocks, injected so that tests own the time. Dates (of tokens, certificates, entries of the log) go by
 * the wall clock; every duration goes by the other one, since somebody may set a wall clock.
 */
export interface Clock {
  /** The wall clock: milliseconds since 1970. */
  now(): number;
  /** Calls back once, not before the date `at`; returns a function that cancels. */
  schedule(at: number, callback: () => void): () => void;
  /** Milliseconds since any moment, by a clock that nobody sets. */
  elapsed(): number;
  /** Calls back once after `delay` milliseconds by that clock; returns a function that cancels. */
  after(delay: number, callback: () => void): () => void;
}

/** The longest time that one timer of the runtime can wait. */
const LONGEST = 2 ** 31 - 1;

/** How long a wait for a date goes on before the wall clock is looked at again: it may have been set. */
const LOOK_AGAIN = 30_000;

/** Waits in steps until nothing is left; gives a function that cancels. */
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

/** Real time. Timers never keep the process alive by themselves. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule: (at, callback) => waitWhile(() => at - Date.now(), LOOK_AGAIN, callback),
  elapsed: () => performance.now(),
  after: (delay, callback) => {
    const end = performance.now() + delay;
    return waitWhile(() => end - performance.now(), LONGEST, callback);
  },
};
