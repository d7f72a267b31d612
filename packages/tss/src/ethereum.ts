/** Ethereum's view of a key: the last 20 bytes of Keccak-256 of the point, in EIP-55 form. */
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodePoint } from './curve.ts';
import { InputError } from './round/errors.ts';

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * The EIP-55 address of a compressed public key (33 bytes).
 *
 * @throws InputError `input/public-key`
 */
export function ethereumAddress(publicKey: Uint8Array): string {
  const point = publicKey.length === 33 ? decodePoint(publicKey) : null;
  if (point === null)
    throw new InputError('input/public-key', 'not a compressed point of secp256k1');
  const lower = hex(keccak_256(point.subarray(1)).subarray(12));
  const checksum = keccak_256(utf8ToBytes(lower));
  const digits = Array.from(lower, (digit, at) => {
    const nibble = ((checksum[at >> 1] ?? 0) >> (at % 2 === 0 ? 4 : 0)) & 15;
    return nibble >= 8 ? digit.toUpperCase() : digit;
  });
  return `0x${digits.join('')}`;
}
