import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { authorisationMessage, toBase64, toHex } from '@quorate/intent';
import type { AuthorisationRequest } from '../services.ts';

/** Holds the key that every chip was personalised with, and signs releases with it. */
export interface Authoriser {
  /** 65 bytes, SEC1 uncompressed P-256 point. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of the public key, hex: what GET INFO of a chip shows. */
  readonly fingerprint: string;
  /** Base64 DER, good for one chip, record, session, digest and challenge. */
  authorise(request: AuthorisationRequest): string;
}

/** Makes the authoriser of a P-256 private key. */
export function createAuthoriser(key: KeyObject): Authoriser {
  const publicKey = pointOf(createPublicKey(key));
  return {
    publicKey,
    fingerprint: toHex(new Uint8Array(createHash('sha256').update(publicKey).digest())),
    authorise: (request) => {
      const signature = sign('sha256', authorisationMessage(request), { key, dsaEncoding: 'der' });
      return toBase64(new Uint8Array(signature));
    },
  };
}

function pointOf(key: KeyObject): Uint8Array {
  const { x, y } = key.export({ format: 'jwk' });
  if (x === undefined || y === undefined) throw new Error('authorisation key is not a P-256 key');
  const point = new Uint8Array(65);
  point[0] = 4;
  point.set(Buffer.from(x, 'base64url'), 1);
  point.set(Buffer.from(y, 'base64url'), 33);
  return point;
}
