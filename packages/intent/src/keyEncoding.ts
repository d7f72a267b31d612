/**
 * Keys in the DER of Node's and the browsers' cryptography: SubjectPublicKeyInfo and PKCS #8 of P-256 (RFC
 * 5480, RFC 5915), Ed25519 and X25519 (RFC 8410). Each curve has one spelling, so an encoding is a fixed
 * prefix and the raw key.
 *
 * Programs export keys in this form and only import JWK: in Node 20 `KeyObject.export` to JWK allocates while
 * it holds the key's mutex, and garbage collection of the job that generated the key takes the same mutex, so
 * the thread deadlocks. The strings of a JWK also leave a secret in memory that nobody can overwrite.
 */
import { concat, equalBytes, exactly, fromHex, toBase64 } from './bytes.ts';
import { IntentError } from './errors.ts';

/** A curve of keys outside the protocols. */
export type KeyCurve = 'P-256' | 'Ed25519' | 'X25519';

interface Envelope {
  /** The prefix of a public key, up to the raw key. */
  readonly spki: Uint8Array;
  /** Bytes of a raw public key; that of P-256 is uncompressed. */
  readonly length: number;
  /** The prefix of a private key, up to its 32 bytes. */
  readonly pkcs8: Uint8Array;
  /** The bytes between a private key and its public key, for P-256. */
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

/**
 * Encodes a raw public key as SubjectPublicKeyInfo; does not check that it is a point of the curve. @throws
 * IntentError `intent/length`
 */
export function encodeSpki(curve: KeyCurve, publicKey: Uint8Array): Uint8Array {
  const { spki, length } = ENVELOPES[curve];
  return concat(spki, exactly(`${curve} public key`, publicKey, length));
}

/**
 * Decodes the raw public key of a SubjectPublicKeyInfo, in a new array. @throws IntentError
 * `intent/public-key`
 */
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
 * The JWK of a raw public key, only for import: Node reads it fifteen times as fast as DER, and holds no lock.
 * Does not check that it is a point of the curve.
 *
 * @throws IntentError `intent/length`
 */
export function encodePublicJwk(curve: 'Ed25519' | 'X25519', publicKey: Uint8Array): PublicJwk {
  const text = toBase64(exactly(`${curve} public key`, publicKey, ENVELOPES[curve].length));
  const x = text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return { kty: 'OKP', crv: curve, x };
}

/**
 * Encodes a private key's 32 bytes as PKCS #8; P-256 needs the public key too. Secret: the caller wipes it.
 * @throws IntentError `intent/length`
 */
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
 * Decodes the 32 bytes of a PKCS #8 private key, in a new array. Secret; the input is wiped.
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
