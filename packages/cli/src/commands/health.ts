/**
 * `quorate health`: tells whether a server is ready, and can wait until it is.
 *
 * @module
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CosignerHealth, HealthAnswer, parseJson, Problem } from '@quorate/wire';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Attach, Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';
import { readText } from '../files.ts';
import { checkedUrl, type Endpoint, exchange } from '../remote/http.ts';
import { seconds } from '../numbers.ts';
import { foreign } from '../terminal/output.ts';

const AGAIN_MS = 250;
/** Milliseconds; the answer is small. */
const PATIENCE = { silence: 30_000, whole: 30_000 };

const READY = z.union([HealthAnswer, CosignerHealth]);
const STRANGER = 'answered, but is not a Quorate server of this version';

interface HealthOptions {
  readonly url: string;
  readonly ca?: string;
  readonly wait: number;
}

/** Adds the command. */
export function registerHealth(program: Command, attach: Attach): void {
  const command = program
    .command('health')
    .description('check that a coordinator is ready, or that a cosigner has its partner')
    .requiredOption('--url <url>', 'URL of the server')
    .option('--ca <file>', 'CA certificate of the server, PEM')
    .option('--wait <seconds>', 'keep trying for so long', parseWait, 0);
  attach<HealthOptions>(command, health);
}

const parseWait = seconds(0, 3600);

async function health(context: Context, options: HealthOptions): Promise<void> {
  const endpoint: Endpoint = {
    url: checkedUrl(options.url, true),
    ...(options.ca === undefined ? {} : { ca: readText(options.ca, 'certificate authority') }),
  };
  const until = performance.now() + options.wait * 1000;
  for (;;) {
    const problem = await problemOf(endpoint);
    if (problem === undefined) break;
    if (performance.now() >= until) {
      throw new CliError('not_ready', `${endpoint.url}: ${problem}`, { exit: EXIT.unreachable });
    }
    await pause(AGAIN_MS);
  }
  context.output.result({ url: endpoint.url, status: 'ok' }, [`${endpoint.url} is ready`]);
}

async function problemOf(endpoint: Endpoint): Promise<string | undefined> {
  try {
    const { status, text } = await exchange(endpoint, { method: 'GET', path: '/readyz' }, PATIENCE);
    const json = parseJson(text);
    const said = json.ok ? json.value : undefined;
    if (status === 200) return READY.safeParse(said).success ? undefined : STRANGER;
    const why = reasonOf(said);
    return `answered ${status}${why === undefined ? '' : `: ${why}`}`;
  } catch (error) {
    // It begins with the address.
    if (error instanceof CliError) return error.message.slice(endpoint.url.length + 2);
    throw error;
  }
}

/** Why a server is not ready: a coordinator says so itself, a cosigner lists its partners. */
function reasonOf(said: unknown): string | undefined {
  const problem = Problem.safeParse(said);
  if (problem.success) return problem.data.detail;
  const cosigner = CosignerHealth.safeParse(said);
  if (!cosigner.success) return undefined;
  const { partners } = cosigner.data;
  if (partners.some(({ connected }) => connected)) return 'no protocol thread can serve';
  return `not connected: ${partners.map(({ name }) => foreign(name)).join(', ')}`;
}
