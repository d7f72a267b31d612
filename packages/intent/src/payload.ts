/** Data to sign, in a form that people and programs can read, and the digest that follows from it. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, fromHex, utf8 } from './bytes.ts';
import { hashTypedData } from './eip712/hash.ts';
import { parseTypedData, type TypedData } from './eip712/parse.ts';
import { IntentError } from './errors.ts';
import { readHex, readObject, readText, refuse } from './fields.ts';
import { framed } from './framed.ts';
import { LABELS } from './label.ts';
import { checkDigest } from './signature.ts';
import {
  type Eip1559Transaction,
  encodeEip1559,
  encodeLegacy,
  type LegacyTransaction,
  parseEip1559,
  parseLegacy,
  signedEip1559,
  signedLegacy,
} from './transaction.ts';

/** Data that can be signed. Only {@link parsePayload} makes it, so every value is canonical. */
export type Payload =
  | { readonly kind: 'eip1559'; readonly transaction: Eip1559Transaction }
  | { readonly kind: 'legacy'; readonly transaction: LegacyTransaction }
  | { readonly kind: 'eip712'; readonly typed_data: TypedData }
  | { readonly kind: 'eip191'; readonly message: string }
  | { readonly kind: 'digest'; readonly digest: string };

/**
 * Reads a payload from JSON into its canonical form; reading that form again changes nothing.
 *
 * @throws IntentError `intent/payload`, `intent/typed-data`, `intent/digest`
 */
export function parsePayload(value: unknown): Payload {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : null;
  const read = (field: string): unknown => readObject('payload', value, ['kind', field]).get(field);
  switch (kind) {
    case 'eip1559':
      return { kind, transaction: parseEip1559(read('transaction')) };
    case 'legacy':
      return { kind, transaction: parseLegacy(read('transaction')) };
    case 'eip712':
      return { kind, typed_data: parseTypedData(read('typed_data')) };
    case 'eip191':
      return { kind, message: readText('payload.message', read('message')) };
    case 'digest':
      return { kind, digest: parseDigest(read('digest')) };
    default:
      return refuse('payload.kind', 'eip1559, legacy, eip712, eip191 or digest');
  }
}

function parseDigest(value: unknown): string {
  const prefixed = typeof value === 'string' && !value.startsWith('0x') ? `0x${value}` : value;
  const digest = readHex('payload.digest', prefixed, 32);
  checkDigest(fromHex(digest));
  return digest;
}

/** The bytes of a payload in an intent: kind and all signed values. */
export function canonicalPayload(payload: Payload): Uint8Array {
  switch (payload.kind) {
    case 'eip1559':
      return framed(LABELS.payload.eip1559, encodeEip1559(payload.transaction));
    case 'legacy':
      return framed(LABELS.payload.legacy, encodeLegacy(payload.transaction));
    case 'eip712':
      return framed(LABELS.payload.eip712, utf8(canonicalJson(payload.typed_data)));
    case 'eip191':
      return framed(LABELS.payload.eip191, utf8(payload.message));
    case 'digest':
      return framed(LABELS.payload.digest, fromHex(payload.digest, 32));
  }
}

/** SHA-256 of {@link canonicalPayload}. */
export function payloadHash(payload: Payload): Uint8Array {
  return sha256(canonicalPayload(payload));
}

/** The 32 bytes to sign for a payload. @throws IntentError `intent/digest` for zero */
export function digestOf(payload: Payload): Uint8Array {
  switch (payload.kind) {
    case 'eip1559':
      return keccak_256(encodeEip1559(payload.transaction));
    case 'legacy':
      return keccak_256(encodeLegacy(payload.transaction));
    case 'eip712':
      return hashTypedData(payload.typed_data);
    case 'eip191':
      return hashMessage(payload.message);
    case 'digest':
      return checkDigest(fromHex(payload.digest, 32));
  }
}

/** EIP-191 version 0x45: keccak(0x19 ‖ "Ethereum Signed Message:\n" ‖ length in decimal ‖ message). */
function hashMessage(message: string): Uint8Array {
  const bytes = utf8(message);
  return keccak_256(concat(utf8(`\u0019Ethereum Signed Message:\n${bytes.length}`), bytes));
}

/**
 * The raw signed transaction, ready to send. @throws IntentError `intent/payload` if the payload is not a
 * transaction
 */
export function serializeSigned(payload: Payload, signature: Uint8Array): Uint8Array {
  switch (payload.kind) {
    case 'eip1559':
      return signedEip1559(payload.transaction, signature);
    case 'legacy':
      return signedLegacy(payload.transaction, signature);
    case 'eip712':
    case 'eip191':
    case 'digest':
      throw new IntentError('intent/payload', 'a transaction');
  }
}

/** JSON without white space, keys sorted by code unit. The values are strings, booleans, arrays and objects only. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item)}`);
  return `{${members.join(',')}}`;
}
