/**
 * Waiting for the person to end a program, and ending it in order.
 *
 * @module
 */

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Where a program may be ended from. */
interface StopOptions {
  /** Ends, too, when stdin closes: then the process that started this one is gone. */
  readonly withStdin?: boolean;
}

/**
 * Runs `work` with a promise that settles with the signal's name when this process is asked to end. A second
 * signal ends it at once.
 */
export async function untilStopped<T>(
  options: StopOptions,
  work: (stopped: Promise<string>) => Promise<T>,
): Promise<T> {
  let settle: (how: string) => void = () => undefined;
  const stopped = new Promise<string>((resolve) => {
    settle = resolve;
  });
  let asked = false;
  const onSignal = (signal: string): void => {
    if (asked) process.exit(130);
    asked = true;
    settle(signal);
  };
  const onStdin = (): void => settle('stdin');
  for (const signal of SIGNALS) process.on(signal, onSignal);
  if (options.withStdin === true) {
    process.stdin.on('end', onStdin).on('error', onStdin).resume();
  }
  try {
    return await work(stopped);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    // An open stdin would keep this process alive.
    if (options.withStdin === true) process.stdin.destroy();
  }
}
