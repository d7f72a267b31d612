/**
 * `quorate sign`: asks holders of a key for a signature.
 *
 * @module
 */
import { fromHex, toHex } from '@quorate/intent';
import { describeIssues, KeyAnswer, LIMITS, SignPayload } from '@quorate/wire';
import type { Command } from 'commander';
import type { z } from 'zod';
import { withClient } from '../ceremonies/client.ts';
import { explainInterrupt, sameCommand } from '../ceremonies/interrupt.ts';
import {
  newSessionKey,
  parseNames,
  parseSessionKey,
  parseText,
  parseWait,
  WAIT_SECONDS,
} from '../ceremonies/options.ts';
import { showState } from '../ceremonies/state.ts';
import type { Attach, Context } from '../context.ts';
import { usageError } from '../errors.ts';
import { writeDurably } from '../files.ts';
import { readSubject, type Subject, type SubjectOptions } from '../payload.ts';
import { loginApi } from '../remote/api.ts';
import { loginPath, withLogin } from './users.ts';
import { parseAccount, rawTransaction } from './verify.ts';

interface SignOptions extends SubjectOptions {
  readonly address: string;
  readonly participants: readonly string[];
  readonly display?: string;
  readonly sessionKey?: string;
  readonly wait: number;
  readonly out?: string;
  readonly login?: string;
}

/** Adds the command. */
export function registerSign(program: Command, attach: Attach): void {
  const command = withLogin(program.command('sign'))
    .description('sign a transaction, typed data, a message or a bare digest')
    .requiredOption('--address <address>', 'the account')
    .requiredOption('--participants <names>', 'holders who sign, comma-separated', parseNames)
    .option('--transaction <file>', 'the payload (JSON); everybody sees it decoded')
    .option('--digest <hex>', '32 bytes; nobody can see what they mean')
    .option('--display <text>', 'a remark for the signers, shown as unverified', (text) =>
      parseText(text, LIMITS.text),
    )
    .option('--session-key <key>', 'a name never used before (default: random)', parseSessionKey)
    .option('--wait <seconds>', 'give up waiting after this time', parseWait, WAIT_SECONDS)
    .option('--out <file>', 'write the signature, or the signed transaction, as hex')
    .addHelpText(
      'after',
      `
A transaction file:
  {"kind": "eip1559", "transaction": {"chain_id": 1, "nonce": 0, "max_priority_fee_per_gas":
   "1000000000", "max_fee_per_gas": "30000000000", "gas_limit": 21000, "to": "0x…",
   "value": "1000000000000000000", "data": "0x"}}

Example:
  quorate sign --address 0x… --participants alice,carol --transaction payment.json`,
    );
  attach<SignOptions>(command, sign);
}

async function sign(context: Context, options: SignOptions): Promise<void> {
  const subject = readSubject(options);
  const account = parseAccount(options.address);
  const api = loginApi(loginPath(context, options));
  const { progress } = context;
  const sessionKey = options.sessionKey ?? newSessionKey('sign');
  progress.stage('request', 'asking for a signature', { session_key: sessionKey });
  const calm = explainInterrupt(context.output, sessionKey);
  try {
    const path = `/api/v1/keys/${account}`;
    const key = await api.call(KeyAnswer, { method: 'GET', path });
    if (options.participants.length < key.threshold) {
      throw usageError(`this key needs ${key.threshold} signers`);
    }
    const order = {
      session_key: sessionKey,
      threshold: key.threshold,
      total_parts: key.total_parts,
      data: toHex(subject.digest),
      address: key.address,
      participants: [...options.participants],
      ...payloadOf(subject),
      ...(options.display === undefined ? {} : { display: options.display }),
    };
    const requester = { ...api.login, token: () => api.token() };
    const patience = { sessionKey, seconds: options.wait };
    const signed = await withClient(requester, patience, (client) =>
      client.ask('sign', order, showState(progress)),
    );
    progress.done();
    tell(context, options, subject, { ...signed, address: key.address });
  } catch (error) {
    progress.fail();
    throw error;
  } finally {
    calm();
  }
}

function payloadOf(subject: Subject): { payload?: z.infer<typeof SignPayload> } {
  if (subject.source === undefined) return {};
  const payload = SignPayload.safeParse(subject.source);
  if (!payload.success) throw usageError(`the payload: ${describeIssues(payload.error)}`);
  return { payload: payload.data };
}

function tell(
  context: Context,
  options: SignOptions,
  subject: Subject,
  signed: { readonly sessionKey: string; readonly signature: string; readonly address: string },
): void {
  const signature = signed.signature.startsWith('0x') ? signed.signature : `0x${signed.signature}`;
  const raw = rawTransaction(subject.payload, fromHex(signature.slice(2)));
  const digest = `0x${toHex(subject.digest)}`;
  context.output.result(
    {
      session_key: signed.sessionKey,
      address: signed.address,
      digest,
      signature,
      signers: options.participants,
      ...(raw === undefined ? {} : { raw_transaction: raw }),
    },
    [
      `digest     ${digest}`,
      `signature  ${signature}`,
      ...(raw === undefined ? [] : [`signed transaction  ${raw}`]),
    ],
    sameCommand(signed.sessionKey),
  );
  // After it was shown: a disk that is full must not hide a signature.
  if (options.out === undefined) return;
  writeDurably(options.out, `${raw ?? signature}\n`, { private: false });
}
