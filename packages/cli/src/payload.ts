/**
 * The subject to sign or check as the command line gives it: a digest, or a file with a payload.
 *
 * @module
 */
import { checkDigest, digestOf, fromHex, type Payload, parsePayload } from '@quorate/intent';
import { messageOf, usageError } from './errors.ts';
import { readJson } from './files.ts';

/** Options that name the subject of a command. */
export interface SubjectOptions {
  readonly digest?: string;
  readonly transaction?: string;
}

/** The digest to sign, with its payload when there is one. */
export interface Subject {
  /** 32 bytes */
  readonly digest: Uint8Array;
  readonly payload: Payload | undefined;
  /** The payload as it was in the file, for the wire. */
  readonly source: unknown;
}

/**
 * Reads the digest or the payload file.
 *
 * @throws CliError `usage` unless exactly one is given and it is well formed
 */
export function readSubject(options: SubjectOptions): Subject {
  if ((options.digest === undefined) === (options.transaction === undefined)) {
    throw usageError('give one of --digest and --transaction');
  }
  if (options.digest !== undefined) {
    return { digest: parseDigest(options.digest), payload: undefined, source: undefined };
  }
  const file = options.transaction ?? '';
  const source = readJson(file, 'transaction file');
  const payload = parsePayloadFile(source, file);
  return { digest: digestOf(payload), payload, source };
}

function parsePayloadFile(source: unknown, file: string): Payload {
  try {
    return parsePayload(source);
  } catch (error) {
    throw usageError(
      `${file}: ${messageOf(error)}`,
      'the file has the form {"kind": "eip1559", "transaction": {…}}; docs/cli.md has examples',
    );
  }
}

/**
 * Parses 32 bytes of hex, with or without 0x.
 *
 * @throws CliError `usage`
 */
function parseDigest(text: string): Uint8Array {
  const digest = parseHexOf(text, 32, 'digest');
  try {
    return checkDigest(digest);
  } catch (error) {
    throw usageError(`the digest: ${messageOf(error)}`);
  }
}

/**
 * Parses hex of a fixed length, with or without 0x.
 *
 * @throws CliError `usage`
 */
export function parseHexOf(text: string, length: number, what: string): Uint8Array {
  const digits = text.replace(/^0x/, '');
  if (!/^[0-9a-fA-F]*$/.test(digits) || digits.length !== 2 * length) {
    throw usageError(`the ${what} must have ${2 * length} hex digits, not ${JSON.stringify(text)}`);
  }
  return fromHex(digits.toLowerCase());
}
