/**
 * `quorate cosign sessions|keys|approve|decline|retire`: shows a cosigner's sessions and keys, and decides on its
 * partner's requests.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  TwoPartyKey,
  TwoPartyKeyList,
  TwoPartySession,
  TwoPartySessionList,
  TwoPartyStatus,
} from '@quorate/wire';
import { type Command, InvalidArgumentError } from 'commander';
import type { Attach, Context } from '../../context.ts';
import { CliError } from '../../errors.ts';
import { EXIT } from '../../exitCodes.ts';
import { CosignerApi, type CosignerOptions } from '../../remote/cosigner.ts';
import { foreign, table } from '../../terminal/output.ts';
import { seconds, wholeNumber } from '../../numbers.ts';

/** How often a running session is looked at, milliseconds. */
export const LOOK_MS = 100;

/** Adds the commands. */
export function registerLooking(cosign: Command, attach: Attach): void {
  const sessions = withServer(cosign.command('sessions [session-id]'))
    .description('list sessions, newest first, or show one')
    .option('--status <status>', TwoPartyStatus.options.join(', '), parseStatus)
    .option('--limit <n>', 'number of sessions', parseLimit, 20)
    .option('--wait <seconds>', 'wait so long for a session', parseWait, 0);
  attach<ListOptions>(sessions, listSessions);
  attach<CosignerOptions>(
    withServer(cosign.command('keys')).description('list the keys of this side'),
    listKeys,
  );
  attach<CosignerOptions & { digest?: string }>(
    withServer(cosign.command('approve <session-id>'))
      .description('approve a partner’s request')
      .option(
        '--digest <hex>',
        'for a signature: the digest that you saw; any other is refused',
        parseDigest,
      ),
    (context, options, [id = '']) =>
      decide(
        context,
        options,
        `${id}/approve`,
        options.digest === undefined ? {} : { digest: options.digest },
      ),
  );
  attach<CosignerOptions & { reason?: string }>(
    withServer(cosign.command('decline <session-id>'))
      .description('decline a partner’s request')
      .option('--reason <text>', 'why; the partner is told'),
    (context, options, [id = '']) =>
      decide(
        context,
        options,
        `${id}/decline`,
        options.reason === undefined ? {} : { reason: options.reason },
      ),
  );
}

/** Adds the command that retires a key. */
export function registerRetiring(cosign: Command, attach: Attach): void {
  attach<CosignerOptions & { address: string }>(
    withServer(cosign.command('retire <session-id>'))
      .description('retire a key of this side for good and delete its half')
      .requiredOption('--address <0x…>', 'the address of the key, as a confirmation')
      .addHelpText(
        'after',
        `
The other side keeps its half until an operator retires it there, too. Move the key’s funds first.`,
      ),
    retireKey,
  );
}

async function retireKey(
  context: Context,
  options: CosignerOptions & { readonly address: string },
  [id = '']: readonly string[],
): Promise<void> {
  const path = `/api/v1/keys/${encodeURIComponent(id)}/retire`;
  const key = await new CosignerApi(options).call(TwoPartyKey, path, { address: options.address });
  context.output.result({ ...key }, [`${key.session_id} ${key.address} is ${key.state}`]);
}

/** Adds the options that name the cosigner. */
export function withServer(command: Command): Command {
  return command
    .requiredOption('--url <url>', 'the cosigner, e.g. http://127.0.0.1:8082')
    .requiredOption('--token-file <file>', 'token file of mode 0600 (quorate cosigner token)')
    .option('--ca <file>', 'CA certificate of the cosigner, PEM');
}

/** A session as people read it. */
export function linesOf(session: TwoPartySession): string[] {
  const facts: [string, string | null][] = [
    ['session', session.session_id],
    ['status', session.status],
    ['step', session.step],
    ['partner', session.partner],
    ['address', session.address],
    ['public key', session.public_key],
    ['text', session.message === null ? null : foreign(session.message)],
    ['hash', session.hash],
    ['digest', session.digest],
    ['signature', session.signature],
    ['error', session.error === null ? null : foreign(session.error.message)],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(11)} ${value}`]));
}

interface ListOptions extends CosignerOptions {
  readonly status?: string;
  readonly limit: number;
  /** seconds */
  readonly wait: number;
}

async function listSessions(
  context: Context,
  options: ListOptions,
  [id]: readonly string[],
): Promise<void> {
  const api = new CosignerApi(options);
  if (id !== undefined) {
    const session = await api.call(TwoPartySession, `/api/v1/sessions/${encodeURIComponent(id)}`);
    return context.output.result({ ...session }, linesOf(session));
  }
  const query = new URLSearchParams({ limit: String(options.limit) });
  if (options.status !== undefined) query.set('status', options.status);
  const sessions = await untilThere(options.wait, async () => {
    const path = `/api/v1/sessions?${query.toString()}`;
    return (await api.call(TwoPartySessionList, path)).sessions;
  });
  const rows = sessions.map((session) => [
    session.session_id,
    session.type,
    session.status,
    session.step ?? '',
    foreign(session.partner),
    session.error?.code ?? '',
  ]);
  const heading = ['SESSION', 'TYPE', 'STATUS', 'STEP', 'PARTNER', 'ERROR'];
  context.output.result({ sessions }, table(heading, rows));
}

/** Polls until a session is there or the time is up. */
async function untilThere<T>(seconds: number, look: () => Promise<T[]>): Promise<T[]> {
  const until = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found.length > 0 || seconds === 0) return found;
    if (performance.now() >= until) {
      throw new CliError('timeout', `no such session within ${seconds} s`, { exit: EXIT.refused });
    }
    await sleep(LOOK_MS);
  }
}

async function listKeys(context: Context, options: CosignerOptions): Promise<void> {
  const { keys } = await new CosignerApi(options).call(TwoPartyKeyList, '/api/v1/keys');
  const rows = keys.map((key) => [
    key.session_id,
    key.address,
    key.state,
    String(key.epoch),
    foreign(key.partner),
  ]);
  const heading = ['KEY', 'ADDRESS', 'STATE', 'EPOCH', 'PARTNER'];
  context.output.result({ keys }, table(heading, rows));
}

async function decide(
  context: Context,
  options: CosignerOptions,
  path: string,
  body: object,
): Promise<void> {
  const api = new CosignerApi(options);
  const session = await api.call(TwoPartySession, `/api/v1/sessions/${path}`, body);
  context.output.result({ ...session }, linesOf(session));
}

function parseDigest(text: string): string {
  const digest = /^(?:0x)?([0-9a-f]{64})$/i.exec(text)?.[1];
  if (digest === undefined) throw new InvalidArgumentError('64 hex digits');
  return `0x${digest.toLowerCase()}`;
}

function parseStatus(text: string): string {
  if (!TwoPartyStatus.safeParse(text).success) {
    throw new InvalidArgumentError(TwoPartyStatus.options.join(', '));
  }
  return text;
}

const parseWait = seconds(0, 3600);

const parseLimit = wholeNumber(1, 1000);
