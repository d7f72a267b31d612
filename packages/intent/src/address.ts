/** Ethereum addresses: 20 bytes inside, EIP-55 text outside. */
import { backend } from '#backend';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { fromHex, toHex, utf8 } from './bytes.ts';
import { IntentError } from './errors.ts';

/**
 * The EIP-55 address of a public key (33 or 65 bytes, SEC1).
 *
 * @throws IntentError `intent/public-key`
 */
export function addressOf(publicKey: Uint8Array): string {
  return formatAddress(addressBytes(uncompressed(publicKey)));
}

/** The 20 bytes of the address of an uncompressed point. */
export function addressBytes(point: Uint8Array): Uint8Array {
  return keccak_256(point.subarray(1)).subarray(12);
}

function uncompressed(publicKey: Uint8Array): Uint8Array {
  const point = backend.decodeSecp256k1(publicKey);
  if (point !== null) return point;
  throw new IntentError('intent/public-key', 'a point of secp256k1 in 33 or 65 bytes');
}

/** Formats 20 bytes as EIP-55 text. */
export function formatAddress(address: Uint8Array): string {
  if (address.length !== 20) throw new IntentError('intent/address', '20 bytes');
  const lower = toHex(address);
  const checksum = toHex(keccak_256(utf8(lower)));
  const digits = Array.from(lower, (digit, at) =>
    checksum.charAt(at) >= '8' ? digit.toUpperCase() : digit,
  );
  return `0x${digits.join('')}`;
}

/**
 * The 20 bytes of an address in any case. Mixed case is a checksum and must be correct.
 *
 * @throws IntentError `intent/address`
 */
export function parseAddress(text: string): Uint8Array {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) {
    throw new IntentError('intent/address', 'an address: 0x and 40 hex digits');
  }
  const bytes = fromHex(text);
  const digits = text.slice(2);
  const mixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
  if (mixed && formatAddress(bytes) !== text) {
    throw new IntentError('intent/address', 'an address whose EIP-55 checksum is right');
  }
  return bytes;
}
