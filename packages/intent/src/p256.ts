/** Verifies signatures of chips and of the authorisation key: ECDSA on P-256 with SHA-256. */
import { backend } from '#backend';
import { decodeDer } from './der.ts';
import { IntentError } from './errors.ts';

/** Refuses all but an uncompressed point of P-256. @throws IntentError `intent/public-key` */
export function checkP256PublicKey(publicKey: Uint8Array): Uint8Array {
  if (backend.isP256Point(publicKey)) return publicKey;
  throw new IntentError('intent/public-key', 'an uncompressed point of P-256 in 65 bytes');
}

/**
 * Whether a strict DER signature of SHA-256(message) verifies. Accepts high s: cards make both, and no chip's
 * signature serves as an identifier here except inside whole certificates, whose bytes are in the session id.
 */
export function verifyP256(publicKey: Uint8Array, message: Uint8Array, der: Uint8Array): boolean {
  let compact: Uint8Array;
  try {
    compact = decodeDer(der);
  } catch (error) {
    if (error instanceof IntentError) return false;
    throw error;
  }
  return backend.verifyP256(publicKey, message, compact);
}
