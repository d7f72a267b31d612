import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { authorisationMessage, decodeSpki, toBase64, toHex, unblockMessage } from '@quorate/intent';
import type { AuthorisationRequest } from './chip.ts';

/** Holds the key that every chip was personalised with, and signs releases with it. */
export interface Authoriser {
  /** 65 bytes, SEC1 uncompressed P-256 point. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of the public key, hex, as GET INFO of a chip shows it. */
  readonly fingerprint: string;
  /** Base64 DER, good for one chip, record, session, digest and challenge. */
  authorise(request: AuthorisationRequest): string;
  /** Base64 DER, good for one try of the PUK of one chip. */
  authoriseUnblock(request: Parameters<typeof unblockMessage>[0]): string;
}

/** Makes the authoriser of a P-256 private key. */
export function createAuthoriser(key: KeyObject): Authoriser {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const publicKey = decodeSpki('P-256', spki);
  const signed = (message: Uint8Array): string =>
    toBase64(new Uint8Array(sign('sha256', message, { key, dsaEncoding: 'der' })));
  return {
    publicKey,
    fingerprint: toHex(new Uint8Array(createHash('sha256').update(publicKey).digest())),
    authorise: (request) => signed(authorisationMessage(request)),
    authoriseUnblock: (request) => signed(unblockMessage(request)),
  };
}
