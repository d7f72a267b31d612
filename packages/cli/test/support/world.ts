import { main } from '../../src/main.ts';
import { Recorder } from './recorder.ts';

/** The outcome of a command line. */
export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
export async function quorate(...args: string[]): Promise<Ran> {
  const [stdout, stderr] = [new Recorder(), new Recorder()];
  const exit = await main(args, { stdout, stderr, environment: {} });
  return { exit, stdout: stdout.text, stderr: stderr.text };
}
