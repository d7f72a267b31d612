/**
 * `quorate dev`: a development cluster until Ctrl-C.
 *
 * @module
 */
import { rmSync } from 'node:fs';
import type { Command } from 'commander';
import { type Attach, type Context, humanProgress } from '../context.ts';
import { type Cluster, startCluster } from '../dev/cluster.ts';
import { addStopOptions, type StopOptions, untilStopped, whenForced } from '../dev/interrupt.ts';
import { checkDirectoryOf, writeDurably } from '../files.ts';
import { wholeNumber } from '../numbers.ts';

interface DevOptions extends StopOptions {
  readonly parties: number;
  readonly port: number;
  readonly out?: string;
}

/** Adds the command. */
export function registerDev(program: Command, attach: Attach): void {
  const command = program
    .command('dev')
    .description(
      'run a coordinator and agents on this machine for development; delete everything at the end',
    )
    .option('--parties <n>', 'number of agents, each with a virtual chip', parseParties, 3)
    .option('--port <port>', 'port of the coordinator; 0 for any', parsePort, 8080)
    .option('--out <file>', 'write URLs and tokens to this private file, deleted at the end');
  addStopOptions(command);
  command.addHelpText(
    'after',
    `
The agents approve everything. Once the cluster is ready, --json prints one line and --out writes it to a file:
  {"url", "ws_url", "admin_token", "users": [{"username", "role", "token"}]}
dev restarts a program that ends unexpectedly.

Example:
  quorate dev --parties 3 --port 8080 --out cluster.json`,
  );
  attach<DevOptions>(command, dev, { serves: true });
}

const parseParties = wholeNumber(2, 32);

/** 0 to 65535. */
export const parsePort: (text: string) => number = wholeNumber(0, 65_535);

async function dev(context: Context, options: DevOptions): Promise<void> {
  if (options.out !== undefined) checkDirectoryOf(options.out);
  await untilStopped(options, async ({ asked: stopped, ending }) => {
    ending('the programs of the cluster');
    const cluster = await startForShow(context, options, stopped);
    if (cluster === undefined) return;
    try {
      if (options.out !== undefined) whenForced(() => removeOut(options));
      announce(context, cluster, options.out);
      const failure = await Promise.race([cluster.failed, stopped.then(() => undefined)]);
      if (failure !== undefined) throw failure;
    } finally {
      context.output.note('stopping');
      removeOut(options);
      await cluster.stop();
    }
  });
}

function removeOut({ out }: DevOptions): void {
  if (out !== undefined) rmSync(out, { force: true });
}

/** Starts a cluster with progress; nothing when the person ended it before it was ready. */
export async function startForShow(
  context: Context,
  options: DevOptions,
  stopped: Promise<string>,
): Promise<Cluster | undefined> {
  const progress = humanProgress(context);
  progress.stage('cluster', `starting a coordinator and ${options.parties} agents`);
  const early = new AbortController();
  const starting = startCluster({
    signal: early.signal,
    parties: options.parties,
    port: options.port,
    onStep: (text) => progress.update(text),
    onCrash: (text) => progress.warn(text),
  });
  try {
    const cluster = await firstOf(starting, stopped, early);
    progress.done();
    return cluster;
  } catch (error) {
    progress.fail();
    throw error;
  }
}

/** The cluster, or nothing when the person ended it before it was ready. */
async function firstOf(
  starting: Promise<Cluster>,
  stopped: Promise<string>,
  early: AbortController,
): Promise<Cluster | undefined> {
  const first = await Promise.race([starting, stopped.then(() => undefined)]);
  if (first !== undefined) return first;
  early.abort();
  await starting.then(
    (cluster) => cluster.stop(),
    () => undefined,
  );
  return undefined;
}

/** Tokens go where only their owner reads, unless --json asks for them on stdout. */
function announce(context: Context, cluster: Cluster, out: string | undefined): void {
  const ready = {
    url: cluster.url,
    ws_url: cluster.wsUrl,
    admin_token: cluster.adminToken,
    users: cluster.users,
  };
  if (out !== undefined) writeDurably(out, `${JSON.stringify(ready)}\n`, { private: true });
  if (context.output.json) return context.output.plainJson(ready);
  context.output.result(ready, [
    `console   ${cluster.url}`,
    `websocket ${cluster.wsUrl}`,
    `users     admin, ${cluster.users.map((user) => user.username).join(', ')}`,
    `tokens    ${out ?? 'printed with --json, written with --out'}`,
    'Ctrl-C stops and deletes everything.',
  ]);
}
