/**
 * Waiting for the person to end a program, and ending it in order.
 *
 * @module
 */

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Where a program may be ended from. */
export interface StopOptions {
  /** Ends, too, when stdin closes: then the process that started this one is gone. */
  readonly withStdin?: boolean;
}

/** Settles with the signal's name when this process is asked to end; a second signal ends it at once. */
export function stopRequested(options: StopOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (how: string): void => {
      if (asked) {
        if (how !== 'stdin') process.exit(130);
        return;
      }
      asked = true;
      // An open stdin would keep this process alive.
      if (options.withStdin === true) process.stdin.destroy();
      resolve(how);
    };
    for (const signal of SIGNALS) process.on(signal, ask);
    if (options.withStdin === true) {
      process.stdin.resume();
      process.stdin.on('end', () => ask('stdin'));
      process.stdin.on('error', () => ask('stdin'));
    }
  });
}
