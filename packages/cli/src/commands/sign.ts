/**
 * `quorate sign`: asks holders of a key for a signature.
 *
 * @module
 */
import { fromHex, toHex } from '@quorate/intent';
import { describeIssues, KeyAnswer, LIMITS, SignPayload } from '@quorate/wire';
import type { Command } from 'commander';
import type { z } from 'zod';
import { ceremonyCommand } from '../ceremonies/command.ts';
import { parseNames, parseText } from '../ceremonies/options.ts';
import type { CeremonyCommand, CeremonyOptions, Told } from '../ceremonies/shape.ts';
import { usageError } from '../errors.ts';
import { readSubject, type Subject, type SubjectOptions } from '../payload.ts';
import { parseAccount, rawTransaction } from './verify.ts';

interface SignOptions extends SubjectOptions, CeremonyOptions {
  readonly address: string;
  readonly participants: readonly string[];
  readonly display?: string;
}

const HELP = `
A transaction file:
  {"kind": "eip1559", "transaction": {"chain_id": 1, "nonce": 0, "max_priority_fee_per_gas":
   "1000000000", "max_fee_per_gas": "30000000000", "gas_limit": 21000, "to": "0x…",
   "value": "1000000000000000000", "data": "0x"}}

Example:
  quorate sign --address 0x… --participants alice,carol --transaction payment.json`;

/** The command. */
export const sign: CeremonyCommand<'sign'> = ceremonyCommand<'sign', SignOptions>({
  kind: 'sign',
  description: 'sign a transaction, typed data, a message or a bare digest',
  options: withSubject,
  out: 'write the signature, or the signed transaction, as hex',
  help: HELP,

  begin(_context, options) {
    const subject = readSubject(options);
    const path = `/api/v1/keys/${parseAccount(options.address)}`;
    return {
      label: 'asking for a signature',
      async order(api, session_key) {
        const key = await api.call(KeyAnswer, { method: 'GET', path });
        if (options.participants.length < key.threshold) {
          throw usageError(`this key needs ${key.threshold} signers`);
        }
        return {
          session_key,
          threshold: key.threshold,
          total_parts: key.total_parts,
          data: toHex(subject.digest),
          address: key.address,
          participants: [...options.participants],
          ...payloadOf(subject),
          ...(options.display === undefined ? {} : { display: options.display }),
        };
      },
      tell: ({ signature }, order) => tell(subject, order, signature),
    };
  },
});

function withSubject(command: Command): Command {
  return command
    .requiredOption('--address <address>', 'address of the key')
    .requiredOption('--participants <names>', 'holders who sign, comma-separated', parseNames)
    .option('--transaction <file>', 'the payload (JSON); every signer sees it decoded')
    .option('--digest <hex>', '32 bytes that nobody can decode')
    .option('--display <text>', 'a remark for the signers, shown as unverified', (text) =>
      parseText(text, LIMITS.text),
    );
}

function payloadOf(subject: Subject): { payload?: z.infer<typeof SignPayload> } {
  if (subject.source === undefined) return {};
  const payload = SignPayload.safeParse(subject.source);
  if (!payload.success) throw usageError(`the payload: ${describeIssues(payload.error)}`);
  return { payload: payload.data };
}

function tell(
  subject: Subject,
  order: { readonly address: string; readonly participants: readonly string[] },
  signed: string,
): Told {
  const signature = signed.startsWith('0x') ? signed : `0x${signed}`;
  const raw = rawTransaction(subject.payload, fromHex(signature.slice(2)));
  const digest = `0x${toHex(subject.digest)}`;
  return {
    result: {
      address: order.address,
      digest,
      signature,
      signers: order.participants,
      ...(raw === undefined ? {} : { raw_transaction: raw }),
    },
    lines: [
      `digest     ${digest}`,
      `signature  ${signature}`,
      ...(raw === undefined ? [] : [`signed transaction  ${raw}`]),
    ],
    file: `${raw ?? signature}\n`,
  };
}
