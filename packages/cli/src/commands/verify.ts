/**
 * `quorate verify`: who signed this, checked without the code that made the signature.
 *
 * @module
 */
import { parseAddress, serializeSigned, toHex } from '@quorate/intent';
import type { Command } from 'commander';
import { checkSignature } from '../check/signature.ts';
import type { Attach, Context } from '../context.ts';
import { messageOf, notVerified, usageError } from '../errors.ts';
import { parseHexOf, readSubject, type SubjectOptions } from '../payload.ts';

interface VerifyOptions extends SubjectOptions {
  readonly address: string;
  readonly signature: string;
}

/** Adds the command. */
export function registerVerify(program: Command, attach: Attach): void {
  const command = program
    .command('verify')
    .description('check a signature with OpenSSL and with @noble/curves, neither of which made it')
    .requiredOption('--address <address>', 'address that should have signed')
    .requiredOption('--signature <hex>', 'r, s and v: 130 hex digits')
    .option('--digest <hex>', 'the 32 bytes that were signed')
    .option('--transaction <file>', 'the payload (JSON) whose digest was signed')
    .addHelpText(
      'after',
      `
Example:
  quorate verify --address 0x… --signature 0x… --transaction payment.json`,
    );
  attach<VerifyOptions>(command, verify);
}

async function verify(context: Context, options: VerifyOptions): Promise<void> {
  const expected = parseAccount(options.address);
  const subject = readSubject(options);
  const signature = parseHexOf(options.signature, 65, 'signature');
  const check = checkSignature(subject.digest, signature);
  if (check.address === undefined) throw notVerified(`not valid: ${check.reason}`);
  if (check.address.toLowerCase() !== expected) {
    throw notVerified(`not valid: signed by ${check.address}, not by ${options.address}`);
  }
  const raw = rawTransaction(subject.payload, signature);
  const digest = `0x${toHex(subject.digest)}`;
  context.output.result(
    {
      valid: true,
      address: check.address,
      public_key: check.publicKey,
      digest,
      ...(raw === undefined ? {} : { raw_transaction: raw }),
    },
    [
      `valid: ${check.address} signed ${digest}`,
      'checked with OpenSSL and with @noble/curves',
      ...(raw === undefined ? [] : [`raw transaction: ${raw}`]),
    ],
  );
}

/** Lower case, so that it can be compared. @throws CliError `usage` */
export function parseAccount(text: string): string {
  try {
    return `0x${toHex(parseAddress(text))}`;
  } catch (error) {
    throw usageError(`${JSON.stringify(text)} is not an address: ${messageOf(error)}`);
  }
}

/** The signed transaction for the network, when the payload is a transaction. */
export function rawTransaction(
  payload: Parameters<typeof serializeSigned>[0] | undefined,
  signature: Uint8Array,
): string | undefined {
  if (payload?.kind !== 'eip1559' && payload?.kind !== 'legacy') return undefined;
  return `0x${toHex(serializeSigned(payload, signature))}`;
}
