/** Verifies signatures of chips and of the authorisation key: ECDSA on P-256 with SHA-256. */
import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { decodeDer } from './der.ts';
import { IntentError } from './errors.ts';

/** Refuses all but an uncompressed point of P-256. @throws IntentError `intent/public-key` */
export function checkP256PublicKey(publicKey: Uint8Array): Uint8Array {
  try {
    if (publicKey.length !== 65) throw new RangeError('length');
    p256.Point.fromBytes(publicKey).assertValidity();
    return publicKey;
  } catch {
    throw new IntentError('intent/public-key', 'an uncompressed point of P-256 in 65 bytes');
  }
}

/**
 * Whether a strict DER signature of SHA-256(message) verifies. Accepts high s: cards make both, and no chip's
 * signature serves as an identifier here except inside whole certificates, whose bytes are in the session id.
 */
export function verifyP256(publicKey: Uint8Array, message: Uint8Array, der: Uint8Array): boolean {
  try {
    const options = { prehash: false, lowS: false } as const;
    return p256.verify(decodeDer(der), sha256(message), checkP256PublicKey(publicKey), options);
  } catch {
    return false;
  }
}
