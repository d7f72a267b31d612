/** The system's clock. */
import type { Clock } from './services.ts';

/** The longest time that one timer of the runtime can wait. */
const LONGEST = 2 ** 31 - 1;

/** Real time. Timers never keep the process alive by themselves. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule: (at, callback) => {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const left = at - Date.now();
      timer = setTimeout(
        () => (left > LONGEST ? wait() : callback()),
        Math.min(Math.max(left, 0), LONGEST),
      );
      timer.unref();
    };
    wait();
    return () => clearTimeout(timer);
  },
};
