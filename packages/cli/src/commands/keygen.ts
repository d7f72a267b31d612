/**
 * `quorate keygen`: asks people to make a key together.
 *
 * @module
 */
import type { Command } from 'commander';
import { withClient } from '../ceremonies/client.ts';
import { explainInterrupt, sameCommand } from '../ceremonies/interrupt.ts';
import {
  newSessionKey,
  parseNames,
  parseSessionKey,
  parseWait,
  WAIT_SECONDS,
} from '../ceremonies/options.ts';
import { showState } from '../ceremonies/state.ts';
import type { Attach, Context } from '../context.ts';
import { usageError } from '../errors.ts';
import { loginApi } from '../remote/api.ts';
import { loginPath, withLogin } from './users.ts';
import { wholeNumber } from '../numbers.ts';

interface KeygenOptions {
  readonly threshold: number;
  readonly participants: readonly string[];
  readonly sessionKey?: string;
  readonly wait: number;
  readonly login?: string;
}

/** Adds the command. */
export function registerKeygen(program: Command, attach: Attach): void {
  const command = withLogin(program.command('keygen'))
    .description('make a key: n people hold it, t of them sign')
    .requiredOption('--threshold <t>', 'how many have to sign', parseThreshold)
    .requiredOption('--participants <names>', 'who holds it, comma-separated, in order', parseNames)
    .option('--session-key <key>', 'a name never used before (default: random)', parseSessionKey)
    .option('--wait <seconds>', 'give up waiting after this time', parseWait, WAIT_SECONDS)
    .addHelpText(
      'after',
      `
The order of the participants is their part index for the life of the key.
The same --session-key again is a safe retry.

Example:
  quorate keygen --threshold 2 --participants alice,bob,carol`,
    );
  attach<KeygenOptions>(command, keygen);
}

const parseThreshold = wholeNumber(2, 32);

async function keygen(context: Context, options: KeygenOptions): Promise<void> {
  const { threshold, participants } = options;
  if (threshold > participants.length) {
    throw usageError(
      `threshold ${threshold} needs as many participants, not ${participants.length}`,
    );
  }
  const api = loginApi(loginPath(context, options));
  const { progress } = context;
  const sessionKey = options.sessionKey ?? newSessionKey('keygen');
  progress.stage('request', `asking for a ${threshold}-of-${participants.length} key`, {
    session_key: sessionKey,
  });
  const calm = explainInterrupt(context.output, sessionKey);
  const order = {
    session_key: sessionKey,
    threshold,
    total_parts: participants.length,
    participants: [...participants],
  };
  try {
    const requester = { ...api.login, token: () => api.token() };
    const patience = { sessionKey, seconds: options.wait };
    const key = await withClient(requester, patience, (client) =>
      client.ask('keygen', order, showState(progress)),
    );
    progress.done();
    context.output.result(
      {
        session_key: key.sessionKey,
        address: key.address,
        public_key: key.publicKey,
        threshold,
        total_parts: participants.length,
        participants,
      },
      [`address     ${key.address}`, `public key  ${key.publicKey}`],
      sameCommand(key.sessionKey),
    );
  } catch (error) {
    progress.fail();
    throw error;
  } finally {
    calm();
  }
}
