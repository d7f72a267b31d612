/**
 * `quorate cosign`: asks a running cosigner for keys and signatures, over REST.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CosignerHealth, MessageHash, TwoPartySession } from '@quorate/wire';
import { type Command, InvalidArgumentError } from 'commander';
import type { Attach, Context } from '../../context.ts';
import { CliError, usageError } from '../../errors.ts';
import { EXIT } from '../../exitCodes.ts';
import { readText } from '../../files.ts';
import { CosignerApi, type CosignerOptions } from '../../remote/cosigner.ts';
import { foreign } from '../../terminal/output.ts';
import { linesOf, LOOK_MS, registerLooking, registerRetiring, withServer } from './show.ts';

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
    .description('make and use two-party keys through a running cosigner');
  attach<OrderOptions>(
    withPartner(cosign.command('keygen')).description('make a key with a partner'),
    keygen,
  );
  const sign = withPartner(cosign.command('sign'))
    .description('sign a message with a partner')
    .requiredOption('--key <session-id>', 'session id of the key generation (quorate cosign keys)')
    .option('--message <text>', 'the text; 32 bytes in hex with --hash none')
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
      .description('replace the shares and the Paillier key, keep the address (enterprise side)')
      .requiredOption('--key <session-id>', 'session id of the key generation'),
    refresh,
  );
  registerLooking(cosign, attach);
  registerRetiring(cosign, attach);
}

function withPartner(command: Command): Command {
  return withServer(command)
    .requiredOption('--partner <name>', 'name of the other side')
    .option('--request-id <id>', 'retry safely: the same id returns the same session');
}

async function keygen(context: Context, options: OrderOptions): Promise<void> {
  const { partner } = options;
  await follow(context, options, '/api/v1/keygen/two-party', { partner, ...requestOf(options) });
}

async function signMessage(context: Context, options: SignOptions): Promise<void> {
  const { partner, key, hash, message, messageFile } = options;
  if ((message === undefined) === (messageFile === undefined)) {
    throw usageError('give one of --message and --message-file');
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
    const details = { session_id: id, status, ...(step === null ? {} : { step }) };
    progress.update(step ?? (await waitingFor(api, session)), details);
    await sleep(LOOK_MS);
    session = await api.call(TwoPartySession, `/api/v1/sessions/${id}`);
  }
  if (session.status !== 'completed') {
    progress.fail();
    const { code, message } = session.error ?? { code: session.status, message: session.status };
    throw new CliError(code, foreign(message), { exit: EXIT.refused, ...hintFor(code, id) });
  }
  progress.done();
  context.output.result({ ...session }, linesOf(session), `quorate cosign sessions ${id}`);
}

/** The state of a session that has no step yet, and whether its partner is there at all. */
async function waitingFor(api: CosignerApi, { status, partner }: TwoPartySession): Promise<string> {
  if (status !== 'created') return status;
  const { partners } = await api.call(CosignerHealth, '/healthz');
  const absent = partners.some(({ name, connected }) => name === partner && !connected);
  return absent ? `${status}, ${partner} is not connected` : status;
}

function isOver({ status }: TwoPartySession): boolean {
  return ['completed', 'failed', 'aborted', 'unknown_outcome'].includes(status);
}

/** Warns against asking again for a signature that may exist. */
function hintFor(code: string, id: string): { hint?: string } {
  if (code !== 'unknown_outcome') return {};
  const command = `quorate cosign sessions ${id}`;
  return {
    hint: `do not ask again: ${command} shows whether the enterprise side has answered`,
  };
}

function parseHash(text: string): MessageHash {
  const hash = MessageHash.safeParse(text);
  if (!hash.success) throw new InvalidArgumentError(MessageHash.options.join(', '));
  return hash.data;
}
