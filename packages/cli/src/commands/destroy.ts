/**
 * `quorate destroy`: asks every holder of a key to destroy its shard.
 *
 * @module
 */
import type { OutcomeOf, Terminal } from '@quorate/agent';
import { KeyAnswer, LIMITS, SessionAnswer } from '@quorate/wire';
import type { Command } from 'commander';
import type { z } from 'zod';
import { withClient } from '../ceremonies/client.ts';
import { explainInterrupt, sameCommand } from '../ceremonies/interrupt.ts';
import {
  newSessionKey,
  parseSessionKey,
  parseText,
  parseWait,
  WAIT_SECONDS,
} from '../ceremonies/options.ts';
import { showState } from '../ceremonies/state.ts';
import type { Attach, Context } from '../context.ts';
import { CliError, usageError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';
import { type Api, loginApi } from '../remote/api.ts';
import { foreign, table } from '../terminal/output.ts';
import { promptLine } from '../terminal/prompt.ts';
import { loginPath, withLogin } from './users.ts';
import { parseAccount } from './verify.ts';

type Key = z.infer<typeof KeyAnswer>;

interface DestroyOptions {
  readonly address: string;
  readonly reason: string;
  readonly yes?: boolean;
  readonly sessionKey?: string;
  readonly wait: number;
  readonly login?: string;
}

/** Adds the command. */
export function registerDestroy(program: Command, attach: Attach): void {
  const command = withLogin(program.command('destroy'))
    .description('destroy a key for ever, with the consent of every holder')
    .requiredOption('--address <address>', 'the account of the key')
    .requiredOption(
      '--reason <text>',
      'why: every holder is shown it, and the log keeps it',
      (text) => parseText(text, LIMITS.reason),
    )
    .option('--yes', 'do not ask for the address once more')
    .option('--session-key <key>', 'a name never used before (default: random)', parseSessionKey)
    .option('--wait <seconds>', 'give up waiting after this time', parseWait, WAIT_SECONDS)
    .addHelpText(
      'after',
      `
Every holder has to consent, except those whose chips are marked lost or destroyed
(quorate chips state). Once all have, the key signs nothing more, and what is left is
destroyed as each chip comes back.

Example:
  quorate destroy --address 0x… --reason "the account is closed"`,
    );
  attach<DestroyOptions>(command, destroy);
}

async function destroy(context: Context, options: DestroyOptions): Promise<void> {
  const account = parseAccount(options.address);
  const reason = options.reason.trim();
  if (reason === '') throw usageError('a reason is expected');
  const api = loginApi(loginPath(context, options));
  const key = await api.call(KeyAnswer, { method: 'GET', path: `/api/v1/keys/${account}` });
  if (options.yes !== true) await askForAddress(context, key);
  const { progress } = context;
  const sessionKey = options.sessionKey ?? newSessionKey('destroy');
  progress.stage('request', 'asking for the destruction', { session_key: sessionKey });
  const calm = explainInterrupt(context.output, sessionKey);
  try {
    const order = {
      session_key: sessionKey,
      threshold: key.threshold,
      total_parts: key.total_parts,
      address: key.address,
      reason,
      participants: await participantsOf(api, key, options.sessionKey),
    };
    const requester = { ...api.login, token: () => api.token() };
    const patience = { sessionKey, seconds: options.wait };
    const destroyed = await withClient(requester, patience, (client) =>
      client.ask('destroy', order, showState(progress)),
    );
    progress.done();
    tell(context, key, destroyed);
  } catch (error) {
    progress.fail();
    throw error;
  } finally {
    calm();
  }
}

/** Those who were asked in a session that is only followed; otherwise those who can be asked. */
async function participantsOf(
  api: Api,
  key: Key,
  sessionKey: string | undefined,
): Promise<string[]> {
  if (sessionKey === undefined) return present(key);
  try {
    const path = `/api/v1/sessions/${sessionKey}`;
    const { participants } = await api.call(SessionAnswer, { method: 'GET', path });
    return participants.map(({ username }) => username);
  } catch (error) {
    if (error instanceof CliError && error.code === 'unknown_session') return present(key);
    throw error;
  }
}

/** The holders who can be asked; the coordinator says which chips are gone. */
function present(key: Key): string[] {
  const here = key.holders.filter(
    ({ chip_state }) => chip_state !== 'lost' && chip_state !== 'destroyed',
  );
  if (here.length === 0) throw usageError('no holder of this key has a chip that is left');
  return here.map(({ username }) => username);
}

/**
 * Asks for the whole address, typed: a yes is too easily said.
 *
 * @throws CliError `not_confirmed` for anything else, `usage` when nobody is at a terminal
 */
export async function askForAddress(
  { output }: Pick<Context, 'output'>,
  { address }: { readonly address: string },
  terminal?: Terminal,
): Promise<void> {
  output.warn(`this destroys ${address} for ever, and whatever it holds stays where it is`);
  const question = 'The address to destroy';
  const typed = await promptLine(question, `${question}, typed out:`, '--yes', terminal);
  if (typed.toLowerCase() === address.toLowerCase()) return;
  throw new CliError('not_confirmed', 'another address was typed; nothing was asked for', {
    exit: EXIT.refused,
  });
}

/** Those of whom the completion says nothing have not proven it: an administrator closed the destruction. */
function tell(
  context: Context,
  key: Key,
  { sessionKey, address, parts }: OutcomeOf<'destroy'>,
): void {
  const rows = key.holders.map(({ part_index, username }) => {
    const outcome = parts.find((part) => part.part_index === part_index)?.outcome;
    return [String(part_index), foreign(username), recordOf(outcome)];
  });
  const unproven = key.holders.filter(
    ({ part_index }) => !parts.some((part) => part.part_index === part_index),
  );
  for (const { username } of unproven) {
    context.output.warn(`not proven for ${foreign(username)}: an administrator closed it`);
  }
  const result = { session_key: sessionKey, address, parts };
  const names = unproven.map(({ username }) => username);
  const told = names.length === 0 ? result : { ...result, unproven: names };
  const lines = [`destroyed  ${address}`, '', ...table(['PART', 'HOLDER', 'RECORD'], rows)];
  context.output.result(told, lines, sameCommand(sessionKey));
}

function recordOf(outcome: OutcomeOf<'destroy'>['parts'][number]['outcome'] | undefined): string {
  if (outcome === undefined) return 'not proven';
  return outcome === 'deleted' ? 'deleted, and signed for' : `not asked: chip ${outcome}`;
}
