/**
 * `quorate cosign`: what people ask a cosigner for, over its REST interface.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  MessageHash,
  TwoPartyKeyList,
  TwoPartySession,
  TwoPartySessionList,
  TwoPartyStatus,
} from '@quorate/wire';
import { type Command, InvalidArgumentError } from 'commander';
import type { Attach, Context } from '../context.ts';
import { CliError, usageError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';
import { readText } from '../files.ts';
import { CosignerApi, type CosignerOptions } from '../remote/cosigner.ts';
import { foreign, table } from '../terminal/output.ts';

/** How often a running session is looked at, milliseconds. */
const LOOK_MS = 100;

interface OrderOptions extends CosignerOptions {
  readonly partner: string;
  readonly requestId?: string;
}

interface SignOptions extends OrderOptions {
  readonly key: string;
  readonly message?: string;
  readonly messageFile?: string;
  readonly hash: MessageHash;
}

/** Adds the commands. */
export function registerCosign(program: Command, attach: Attach): void {
  const cosign = program
    .command('cosign')
    .description('keys and signatures of two parties: ask a running cosigner');
  attach<OrderOptions>(
    withPartner(cosign.command('keygen')).description('make a key with a partner'),
    keygen,
  );
  const sign = withPartner(cosign.command('sign'))
    .description('sign a message together with a partner')
    .requiredOption('--key <session-id>', 'the key generation’s session id (quorate cosign keys)')
    .option('--message <text>', 'the text; with --hash none 32 bytes in hex')
    .option('--message-file <file>', 'the text in a file')
    .option('--hash <name>', MessageHash.options.join(', '), parseHash, 'eip191')
    .addHelpText(
      'after',
      `
Example:
  quorate cosign sign --url http://127.0.0.1:8082 --token-file token \\
    --partner mobile-app --key 0f…  --message 'pay 5'`,
    );
  attach<SignOptions>(sign, signMessage);
  attach<OrderOptions & { key: string }>(
    withPartner(cosign.command('refresh'))
      .description('new shares and a new Paillier key, same address; at the enterprise side')
      .requiredOption('--key <session-id>', 'the key generation’s session id'),
    refresh,
  );
  registerLooking(cosign, attach);
}

function registerLooking(cosign: Command, attach: Attach): void {
  const sessions = withServer(cosign.command('sessions [session-id]'))
    .description('sessions, the newest first; or one')
    .option('--status <status>', TwoPartyStatus.options.join(', '), parseStatus)
    .option('--limit <n>', 'how many', parseLimit, 20);
  attach<CosignerOptions & { status?: string; limit: number }>(sessions, listSessions);
  attach<CosignerOptions>(
    withServer(cosign.command('keys')).description('the keys of this side'),
    listKeys,
  );
  attach<CosignerOptions & { digest?: string }>(
    withServer(cosign.command('approve <session-id>'))
      .description('approve what a partner asks for')
      .option(
        '--digest <hex>',
        'of a signature: the digest that you looked at; another one is not approved',
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
      .description('decline what a partner asks for')
      .option('--reason <text>', 'told to the partner'),
    (context, options, [id = '']) =>
      decide(
        context,
        options,
        `${id}/decline`,
        options.reason === undefined ? {} : { reason: options.reason },
      ),
  );
}

function withServer(command: Command): Command {
  return command
    .requiredOption('--url <url>', 'the cosigner, e.g. http://127.0.0.1:8082')
    .requiredOption('--token-file <file>', 'a file of mode 0600 (quorate cosigner token)')
    .option('--ca <file>', 'certificate authority, PEM');
}

function withPartner(command: Command): Command {
  return withServer(command)
    .requiredOption('--partner <name>', 'the other side')
    .option('--request-id <id>', 'a safe retry: the same id gives the same session');
}

async function keygen(context: Context, options: OrderOptions): Promise<void> {
  const { partner } = options;
  await follow(context, options, '/api/v1/keygen/two-party', { partner, ...requestOf(options) });
}

async function signMessage(context: Context, options: SignOptions): Promise<void> {
  const { partner, key, hash, message, messageFile } = options;
  if ((message === undefined) === (messageFile === undefined)) {
    throw usageError('one of --message and --message-file');
  }
  const text = message ?? readText(messageFile ?? '', 'message');
  const order = { session_id: key, message: text, partner, hash, ...requestOf(options) };
  await follow(context, options, '/api/v1/sign/two-party', order);
}

async function refresh(
  context: Context,
  options: OrderOptions & { readonly key: string },
): Promise<void> {
  const { partner, key } = options;
  const order = { session_id: key, partner, ...requestOf(options) };
  await follow(context, options, '/api/v1/refresh/two-party', order);
}

function requestOf({ requestId }: OrderOptions): { request_id?: string } {
  return requestId === undefined ? {} : { request_id: requestId };
}

/** Asks, then shows every step until the session is over. */
async function follow(
  context: Context,
  options: CosignerOptions,
  path: string,
  order: object,
): Promise<void> {
  const api = new CosignerApi(options);
  const { progress } = context;
  let session = await api.call(TwoPartySession, path, order);
  const { session_id: id } = session;
  progress.stage(session.type, `${session.type} with ${session.partner}`, { session_id: id });
  while (!isOver(session)) {
    const { status, step } = session;
    progress.update(step ?? status, { session_id: id, status, ...(step === null ? {} : { step }) });
    await sleep(LOOK_MS);
    session = await api.call(TwoPartySession, `/api/v1/sessions/${id}`);
  }
  if (session.status !== 'completed') {
    progress.fail();
    const { code, message } = session.error ?? { code: session.status, message: session.status };
    throw new CliError(code, message, { exit: EXIT.refused });
  }
  progress.done();
  context.output.result({ ...session }, linesOf(session));
}

function isOver({ status }: TwoPartySession): boolean {
  return status === 'completed' || status === 'failed' || status === 'aborted';
}

function linesOf(session: TwoPartySession): string[] {
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

async function listSessions(
  context: Context,
  options: CosignerOptions & { readonly status?: string; readonly limit: number },
  [id]: readonly string[],
): Promise<void> {
  const api = new CosignerApi(options);
  if (id !== undefined) {
    const session = await api.call(TwoPartySession, `/api/v1/sessions/${encodeURIComponent(id)}`);
    return context.output.result({ ...session }, linesOf(session));
  }
  const query = new URLSearchParams({ limit: String(options.limit) });
  if (options.status !== undefined) query.set('status', options.status);
  const { sessions } = await api.call(TwoPartySessionList, `/api/v1/sessions?${query.toString()}`);
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

function parseHash(text: string): MessageHash {
  const hash = MessageHash.safeParse(text);
  if (!hash.success) throw new InvalidArgumentError(MessageHash.options.join(', '));
  return hash.data;
}

function parseStatus(text: string): string {
  if (!TwoPartyStatus.safeParse(text).success) {
    throw new InvalidArgumentError(TwoPartyStatus.options.join(', '));
  }
  return text;
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1000) {
    throw new InvalidArgumentError('1 to 1000');
  }
  return limit;
}
