/**
 * Keys in the DER that Node's and the browsers' cryptography read and write: SubjectPublicKeyInfo and PKCS #8 of
 * P-256 (RFC 5480, RFC 5915), Ed25519 and X25519 (RFC 8410). For each curve there is one spelling, so an encoding is
 * a fixed prefix and the raw key.
 *
 * Programs export keys in this form and never as JWK, which they only import: in Node 20 `KeyObject.export` to JWK allocates while
 * it holds the key's mutex, and a collection of the job that generated the key takes the same mutex. The thread then
 * stands still for ever. Strings of a JWK also leave a secret in memory that nobody can overwrite.
 */
import { concat, equalBytes, exactly, fromHex, toBase64 } from './bytes.ts';
import { IntentError } from './errors.ts';

/** A curve whose keys this project uses outside of the protocols. */
export type KeyCurve = 'P-256' | 'Ed25519' | 'X25519';

interface Envelope {
  /** Of a public key, up to the raw key. */
  readonly spki: Uint8Array;
  /** Bytes of a raw public key; the one of P-256 is uncompressed. */
  readonly length: number;
  /** Of a private key, up to its 32 bytes. */
  readonly pkcs8: Uint8Array;
  /** What follows a private key: for P-256 the public key, after this. */
  readonly tail: Uint8Array | null;
}

const SECRET_LENGTH = 32;

const ENVELOPES: Readonly<Record<KeyCurve, Envelope>> = {
  'P-256': {
    spki: fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'),
    length: 65,
    pkcs8: fromHex('308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420'),
    tail: fromHex('a144034200'),
  },
  Ed25519: {
    spki: fromHex('302a300506032b6570032100'),
    length: 32,
    pkcs8: fromHex('302e020100300506032b657004220420'),
    tail: null,
  },
  X25519: {
    spki: fromHex('302a300506032b656e032100'),
    length: 32,
    pkcs8: fromHex('302e020100300506032b656e04220420'),
    tail: null,
  },
};

/** SubjectPublicKeyInfo of a raw public key; whether it is a point of the curve is not looked at. @throws IntentError `intent/length` */
export function encodeSpki(curve: KeyCurve, publicKey: Uint8Array): Uint8Array {
  const { spki, length } = ENVELOPES[curve];
  return concat(spki, exactly(`${curve} public key`, publicKey, length));
}

/** The raw public key of a SubjectPublicKeyInfo, in a new array. @throws IntentError `intent/public-key` */
export function decodeSpki(curve: KeyCurve, der: Uint8Array): Uint8Array {
  const { spki, length } = ENVELOPES[curve];
  const fits = der.length === spki.length + length;
  if (!fits || !equalBytes(der.subarray(0, spki.length), spki)) {
    throw new IntentError('intent/public-key', `a public key of ${curve}`);
  }
  return Uint8Array.from(der.subarray(spki.length));
}

/** A public key as a JWK (RFC 8037). */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519' | 'X25519';
  readonly x: string;
  /** As in Node's own type. */
  [name: string]: unknown;
}

/**
 * The JWK of a raw public key, for import alone: Node reads it fifteen times as fast as DER, and holds no lock.
 * Whether it is a point of the curve is not looked at.
 *
 * @throws IntentError `intent/length`
 */
export function encodePublicJwk(curve: 'Ed25519' | 'X25519', publicKey: Uint8Array): PublicJwk {
  const text = toBase64(exactly(`${curve} public key`, publicKey, ENVELOPES[curve].length));
  const x = text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return { kty: 'OKP', crv: curve, x };
}

/** PKCS #8 of a private key's 32 bytes; P-256 needs the public key too. Secret: the caller wipes it. @throws IntentError `intent/length` */
export function encodePkcs8(
  curve: KeyCurve,
  secret: Uint8Array,
  publicKey: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const { pkcs8, length, tail } = ENVELOPES[curve];
  const parts = [pkcs8, exactly(`${curve} private key`, secret, SECRET_LENGTH)];
  if (tail === null) return concat(...parts);
  return concat(...parts, tail, exactly(`${curve} public key`, publicKey, length));
}

/**
 * The 32 bytes of a PKCS #8 private key, in a new array. Secret; what was given is overwritten.
 *
 * @throws IntentError `intent/public-key` for a key of another curve or form
 */
export function decodePkcs8(curve: KeyCurve, der: Uint8Array): Uint8Array {
  const { pkcs8, length, tail } = ENVELOPES[curve];
  const rest = tail === null ? 0 : tail.length + length;
  try {
    const fits = der.length === pkcs8.length + SECRET_LENGTH + rest;
    if (!fits || !equalBytes(der.subarray(0, pkcs8.length), pkcs8)) {
      throw new IntentError('intent/public-key', `a private key of ${curve}`);
    }
    return Uint8Array.from(der.subarray(pkcs8.length, pkcs8.length + SECRET_LENGTH));
  } finally {
    der.fill(0);
  }
}
