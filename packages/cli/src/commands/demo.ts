/**
 * `quorate demo`: the whole system in one command.
 *
 * @module
 */
import type { Command } from 'commander';
import { type Attach, type Context, humanProgress } from '../context.ts';
import { type Cluster, startCluster } from '../dev/cluster.ts';
import { stopRequested } from '../dev/interrupt.ts';
import { type Story, tellStory } from '../dev/story.ts';
import { firstOf, parsePort } from './dev.ts';

const PARTIES = 5;

interface DemoOptions {
  readonly once?: boolean;
  readonly port: number;
}

/** Adds the command. */
export function registerDemo(program: Command, attach: Attach): void {
  const command = program
    .command('demo')
    .description('a 3-of-5 key and a signed transaction on this machine, in a minute')
    .option('--once', 'stop afterwards instead of leaving the console running')
    .option('--port <port>', 'port of the coordinator; 0 for any', parsePort, 0)
    .addHelpText(
      'after',
      `
A coordinator and five agents with virtual chips run as separate processes on loopback. They make a
key together, three of them sign an Ethereum transaction, and OpenSSL and @noble/curves check it.
With --once --json the last line on stdout is one JSON object.

Example:
  quorate demo --once --json`,
    );
  attach<DemoOptions>(command, demo);
}

async function demo(context: Context, options: DemoOptions): Promise<void> {
  const progress = humanProgress(context);
  const stopped = stopRequested();
  const began = performance.now();
  progress.stage('cluster', `starting a coordinator and ${PARTIES} agents`);
  const starting = startCluster({
    parties: PARTIES,
    port: options.port,
    onStep: (text) => progress.update(text),
    onCrash: (text) => progress.warn(text),
  });
  const cluster = await firstOf(starting, stopped);
  if (cluster === undefined) return;
  try {
    progress.done();
    const start = Math.round(performance.now() - began);
    const told = await Promise.race([
      tellStory(cluster, progress),
      cluster.failed.then((error) => Promise.reject(error)),
      stopped.then(() => undefined),
    ]);
    if (told === undefined) return;
    const total = Math.round(performance.now() - began);
    const story = { ...told, timings_ms: { start, ...told.timings_ms, total } };
    show(context, story);
    if (options.once === true) return;
    invite(context, cluster);
    await Promise.race([stopped, cluster.failed.then((error) => Promise.reject(error))]);
  } catch (error) {
    progress.fail();
    throw error;
  } finally {
    await cluster.stop();
  }
}

function show(context: Context, story: Story & { readonly timings_ms: object }): void {
  if (context.output.json) {
    context.world.stdout.write(`${JSON.stringify(story)}\n`);
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
    'No process ever held the private key: each agent has a share, sealed by its chip, and the',
    'coordinator saw neither. See docs/architecture.md.',
  ]);
}

function invite(context: Context, cluster: Cluster): void {
  const { username, password } = cluster.administrator;
  context.output.note('');
  context.output.note(`console running at ${cluster.url}`, 'strong');
  context.output.note(`log in as ${username} with the password ${password}`);
  context.output.note('Ctrl-C stops and deletes everything.', 'dim');
}
