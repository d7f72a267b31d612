/** The backend of browsers: @noble/curves. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat } from '../bytes.ts';
import type { Backend } from './types.ts';

const VERIFICATION = { prehash: false, lowS: false } as const;

/** Gives null in place of what the library throws on a value that is out of range or no point. */
function orNull<T>(compute: () => T): T | null {
  try {
    return compute();
  } catch {
    return null;
  }
}

function p256Point(publicKey: Uint8Array): Uint8Array | null {
  if (publicKey.length !== 65) return null;
  return orNull(() => {
    p256.Point.fromBytes(publicKey).assertValidity();
    return publicKey;
  });
}

/** @noble/curves in JavaScript. */
export const backend: Backend = {
  name: 'portable',
  isP256Point: (publicKey) => p256Point(publicKey) !== null,
  verifyP256: (publicKey, message, compact) =>
    p256Point(publicKey) !== null &&
    orNull(() => p256.verify(compact, sha256(message), publicKey, VERIFICATION)) === true,
  decodeSecp256k1: (publicKey) => orNull(() => secp256k1.Point.fromBytes(publicKey).toBytes(false)),
  recoverSecp256k1: (compact, yParity, digest) =>
    orNull(() => {
      const signature = concat(Uint8Array.of(yParity), compact);
      const point = secp256k1.Signature.fromBytes(signature, 'recovered').recoverPublicKey(digest);
      return point.toBytes(false);
    }),
  isLargeEd25519Point: (publicKey) =>
    publicKey.length === 32 &&
    orNull(() => ed25519.Point.fromBytes(publicKey).isSmallOrder()) === false,
  ed25519PublicKey: (secretKey) => ed25519.getPublicKey(secretKey),
  signEd25519: (message, secretKey) => ed25519.sign(message, secretKey),
  verifyEd25519: (signature, message, publicKey) =>
    ed25519.verify(signature, message, publicKey, { zip215: false }),
};
