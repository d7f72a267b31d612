/** Keys of the tests: a signer for secp256k1 digests and chips that are only a P-256 key. */
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { concat, encodeDer } from '../../src/index.ts';
import { addressOf } from '../../src/address.ts';

/** A fixed secp256k1 key; its address is in {@link ADDRESS}. */
export const SECRET: Uint8Array = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
export const ADDRESS: string = addressOf(secp256k1.getPublicKey(SECRET));

/** r ‖ s ‖ v of a digest. */
export function signDigest(digest: Uint8Array, secret: Uint8Array = SECRET): Uint8Array {
  const recovered = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' });
  return concat(recovered.subarray(1), Uint8Array.of(27 + recovered[0]!));
}

/** A chip's key pair and its signatures. */
export function makeChip(seed: number): {
  publicKey: Uint8Array;
  sign: (message: Uint8Array) => Uint8Array;
} {
  const secret = new Uint8Array(32).fill(seed);
  return {
    publicKey: p256.getPublicKey(secret, false),
    sign: (message) => encodeDer(p256.sign(message, secret, { lowS: false })),
  };
}

/** Bytes that count up from a start. */
export function counting(length: number, start = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (start + at) & 255);
}
