/**
 * Waiting for the person to end a program, ending it in order, and ending it all the same when something hangs.
 *
 * @module
 */
import type { Command } from 'commander';
import { writeSync } from 'node:fs';
import { EXIT } from '../exitCodes.ts';
import { wholeNumber } from '../numbers.ts';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const STDERR = 2;

/** How long a stop may take unless an option says otherwise, seconds. */
const STOP_SECONDS = 10;
const LONGEST_STOP_SECONDS = 600;

/** Where a program may be ended from, and how long that may take. */
export interface StopOptions {
  /** Ends, too, when stdin closes: then the process that started this one is gone. */
  readonly stopWithStdin?: boolean;
  /** seconds */
  readonly stopTimeout?: number;
}

/** How a program is ended. */
export interface Stop {
  /** Settles with the signal's name when this process is asked to end. */
  readonly asked: Promise<string>;
  /** Names the thing that is being ended now. */
  readonly ending: (what: string) => void;
  /** Names the thing that did not end although everything else did: the process then ends by force. */
  readonly left: (what: string) => void;
}

/** Work to do at once when this process ends by force, such as ending its children. */
const atForce = new Set<() => void>();
/** The reason why this process cannot end by itself. */
let leftover: string | undefined;

/** Adds the options of a stop to a command. */
export function addStopOptions(command: Command): void {
  command.option(
    '--stop-timeout <seconds>',
    `how long an orderly end may take before the program ends by force, exit code ${EXIT.forced}`,
    parseSeconds,
    STOP_SECONDS,
  );
  command.addOption(command.createOption('--stop-with-stdin').hideHelp());
}

const parseSeconds = wholeNumber(1, LONGEST_STOP_SECONDS);

/**
 * Runs `work` until it is over; it is told when this process is asked to end, by a signal or the end of stdin. From then
 * on the process ends within its time, in order or by force. A second signal ends it at once.
 */
export async function untilStopped<T>(
  options: StopOptions,
  work: (stop: Stop) => Promise<T>,
): Promise<T> {
  const seconds = options.stopTimeout ?? STOP_SECONDS;
  let settle: (how: string) => void = () => undefined;
  const asked = new Promise<string>((resolve) => {
    settle = resolve;
  });
  let what = 'the start';
  let timer: NodeJS.Timeout | undefined;
  const ask = (how: string): void => {
    timer ??= setTimeout(
      () => endByForce(`${what} did not end within ${seconds} s`),
      seconds * 1000,
    );
    settle(how);
  };
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    if (signals > 1) endBySignal(signal);
    ask(signal);
  };
  const onStdin = (): void => ask('stdin');
  for (const signal of SIGNALS) process.on(signal, onSignal);
  if (options.stopWithStdin === true) {
    process.stdin.on('end', onStdin).on('error', onStdin).resume();
  }
  const ending = (next: string): void => {
    what = next;
  };
  const left = (rest: string): void => {
    leftover = rest;
  };
  try {
    return await work({ asked, ending, left });
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    // An open stdin would keep this process alive.
    if (options.stopWithStdin === true) process.stdin.destroy();
    what = 'the process';
    // It goes on until the process is gone: something may keep it alive. It keeps nothing alive itself.
    timer?.unref();
  }
}

/** Does this as well when the process ends by force; returns a function that takes it back. */
export function whenForced(work: () => void): () => void {
  atForce.add(work);
  return () => atForce.delete(work);
}

/** The last call of a program: ends it by force when it could not end by itself. */
export function leave(): void {
  if (leftover !== undefined) endByForce(leftover);
}

/**
 * Ends this process whatever hangs. `process.exit` waits for threads and for work in native code, so that a thread that
 * stands still there would keep it for ever; a signal to oneself does not.
 */
function endByForce(why: string): never {
  for (const work of atForce) {
    try {
      work();
    } catch {
      // The end comes first.
    }
  }
  try {
    writeSync(STDERR, `error: ${why}; the program ends by force\n`);
  } catch {
    // Nobody reads it.
  }
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable: this process has ended');
}

/** As the signal would have ended this process if nobody listened. */
function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
