/**
 * The ephemeral keys of a session: made for it, certified for it, and bound to its id (docs/spec/channel.md §1).
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { decodeSpki, encodePkcs8, encodePublicJwk, type KeyCurve } from '@quorate/intent';

/** The ephemeral keys of one party in one session. */
export interface EphemeralKeys {
  /** Raw public keys, 32 bytes each: they go into the session certificate. */
  readonly x25519: Uint8Array;
  readonly ed25519: Uint8Array;
  /** Secret. */
  readonly agreement: KeyObject;
  /** Secret. */
  readonly signing: KeyObject;
}

/** Makes fresh ephemeral keys. */
export function createEphemeralKeys(): EphemeralKeys {
  const agreement = generateKeyPairSync('x25519');
  const signing = generateKeyPairSync('ed25519');
  return {
    x25519: rawPublicKey('X25519', agreement.publicKey),
    ed25519: rawPublicKey('Ed25519', signing.publicKey),
    agreement: agreement.privateKey,
    signing: signing.privateKey,
  };
}

/** The ephemeral keys with these secret bytes (32 each), for recorded test cases. */
export function importEphemeralKeys(
  agreementSecret: Uint8Array,
  signingSecret: Uint8Array,
): EphemeralKeys {
  const agreement = privateKey('X25519', agreementSecret);
  const signing = privateKey('Ed25519', signingSecret);
  return {
    x25519: rawPublicKey('X25519', createPublicKey(agreement)),
    ed25519: rawPublicKey('Ed25519', createPublicKey(signing)),
    agreement,
    signing,
  };
}

/** A peer's public key from its raw bytes. */
export function publicKey(curve: 'Ed25519' | 'X25519', raw: Uint8Array): KeyObject {
  return createPublicKey({ key: encodePublicJwk(curve, raw), format: 'jwk' });
}

function privateKey(curve: KeyCurve, secret: Uint8Array): KeyObject {
  const der = encodePkcs8(curve, secret);
  try {
    return createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' });
  } finally {
    der.fill(0);
  }
}

/** Reads DER and not JWK, for the reason that `keyEncoding.ts` gives. */
function rawPublicKey(curve: KeyCurve, key: KeyObject): Uint8Array {
  return decodeSpki(curve, key.export({ format: 'der', type: 'spki' }));
}
