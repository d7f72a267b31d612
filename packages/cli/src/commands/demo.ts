/**
 * `quorate demo`: the whole system in one command.
 *
 * @module
 */
import type { Command } from 'commander';
import { type Attach, type Context, humanProgress } from '../context.ts';
import type { Cluster } from '../dev/cluster.ts';
import { EXIT, type ExitCode } from '../exitCodes.ts';
import { addStopOptions, type StopOptions, untilStopped } from '../dev/interrupt.ts';
import { type Story, tellStory } from '../dev/story.ts';
import { parsePort, startForShow } from './dev.ts';

const PARTIES = 5;

interface DemoOptions extends StopOptions {
  readonly once?: boolean;
  readonly port: number;
}

/** Adds the command. */
export function registerDemo(program: Command, attach: Attach): void {
  const command = program
    .command('demo')
    .description('generate a 3-of-5 key and sign a transaction on this machine, in a minute')
    .option('--once', 'stop afterwards instead of leaving the console running')
    .option('--port <port>', 'port of the coordinator; 0 for any', parsePort, 0);
  addStopOptions(command);
  command.addHelpText(
    'after',
    `
A coordinator and five agents with virtual chips run as separate processes on loopback. The agents generate
a key, three of them sign an Ethereum transaction, and OpenSSL and @noble/curves check the signature.
With --once --json the last line on stdout is one JSON object.

Example:
  quorate demo --once --json`,
  );
  attach<DemoOptions>(command, demo);
}

async function demo(context: Context, options: DemoOptions): Promise<ExitCode> {
  return untilStopped(options, async ({ asked: stopped, ending }) => {
    ending('the programs of the cluster');
    const began = performance.now();
    const progress = humanProgress(context);
    const cluster = await startForShow(context, { ...options, parties: PARTIES }, stopped);
    if (cluster === undefined) return EXIT.interrupted;
    const start = Math.round(performance.now() - began);
    const failed = cluster.failed.then((error): Promise<undefined> => Promise.reject(error));
    const ended = Promise.race([stopped.then(() => undefined), failed]);
    try {
      const told = await tellStory(cluster, progress, ended);
      if (told === undefined) return EXIT.interrupted;
      const total = Math.round(performance.now() - began);
      show(context, { ...told, timings_ms: { start, ...told.timings_ms, total } });
      if (options.once === true) return EXIT.ok;
      invite(context, cluster);
      await ended;
      return EXIT.ok;
    } catch (error) {
      progress.fail();
      throw error;
    } finally {
      await cluster.stop();
    }
  });
}

type ShownStory = Omit<Story, 'timings_ms'> & {
  readonly timings_ms: Readonly<Record<string, number>>;
};

function show(context: Context, story: ShownStory): void {
  if (context.output.json) {
    context.output.plainJson({ ...story });
    return;
  }
  context.output.result({ ...story }, [
    '',
    `account             ${story.address}`,
    `public key          ${story.public_key}`,
    `signers             ${story.signers.join(', ')} (${story.threshold} of ${story.total_parts})`,
    `digest              ${story.digest}`,
    `signature           ${story.signature}`,
    `signed transaction  ${story.transaction}`,
    '',
    'No process ever held the private key. Each agent has one share, and its chip keeps what opens it;',
    'the coordinator can read neither. See docs/architecture.md.',
  ]);
}

function invite(context: Context, cluster: Cluster): void {
  const { username, password } = cluster.administrator;
  context.output.note('');
  context.output.note(`console running at ${cluster.url}`, 'strong');
  context.output.note(`log in as ${username} with the password ${password}`);
  context.output.note('Ctrl-C stops and deletes everything.', 'dim');
}
