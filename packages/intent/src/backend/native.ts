/**
 * The backend of Node: OpenSSL for P-256, libsecp256k1 through `secp256k1/bindings` for the other curve; its portable
 * form where there is no binary.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { createRequire } from 'node:module';
import { backend as portable } from './portable.ts';
import type { Backend } from './types.ts';

/** The functions of the bindings in use. */
interface Bindings {
  publicKeyConvert(point: Uint8Array, compressed: false): Uint8Array;
  ecdsaRecover(
    signature: Uint8Array,
    recovery: number,
    digest: Uint8Array,
    compressed: false,
  ): Uint8Array;
}

/** SubjectPublicKeyInfo of P-256 up to the uncompressed point (RFC 5480, section 2). */
const SPKI = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

/** Keys that stay parsed: parsing one costs twice as much as verifying a signature. */
const MOST_KEYS = 1024;

/** Parses 04 ‖ x ‖ y; OpenSSL checks that the point is on the curve. Null for anything else. */
function parse(publicKey: Uint8Array): KeyObject | null {
  if (publicKey.length !== 65 || publicKey[0] !== 4) return null;
  try {
    const key = Buffer.concat([SPKI, publicKey]);
    return createPublicKey({ key, format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

const parsed = new Map<string, KeyObject>();

/** The same from memory; of the keys in it the oldest goes first. */
function keyOf(publicKey: Uint8Array): KeyObject | null {
  if (publicKey.length !== 65) return null;
  const id = Buffer.from(publicKey).toString('latin1');
  const known = parsed.get(id);
  if (known !== undefined) return known;
  const key = parse(publicKey);
  if (key === null) return null;
  const [oldest] = parsed.keys();
  if (parsed.size >= MOST_KEYS && oldest !== undefined) parsed.delete(oldest);
  parsed.set(id, key);
  return key;
}

function verifyP256(publicKey: Uint8Array, message: Uint8Array, compact: Uint8Array): boolean {
  const key = keyOf(publicKey);
  if (key === null || compact.length !== 64) return false;
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, compact);
}

/** SEC1 compressed or uncompressed; libsecp256k1 alone would also read the hybrid form. */
function isSec1({ length, 0: tag }: Uint8Array): boolean {
  return length === 33 ? tag === 2 || tag === 3 : length === 65 && tag === 4;
}

function orNull(compute: () => Uint8Array): Uint8Array | null {
  try {
    return compute();
  } catch {
    return null;
  }
}

function load(): Bindings | null {
  try {
    const bindings: Bindings = createRequire(import.meta.url)('secp256k1/bindings');
    return bindings;
  } catch {
    return null;
  }
}

const bindings = load();

const secp256k1: Partial<Backend> =
  bindings === null
    ? {}
    : {
        decodeSecp256k1: (publicKey) =>
          isSec1(publicKey) ? orNull(() => bindings.publicKeyConvert(publicKey, false)) : null,
        recoverSecp256k1: (compact, yParity, digest) =>
          orNull(() => bindings.ecdsaRecover(compact, yParity, digest, false)),
      };

/**
 * OpenSSL and libsecp256k1. Ed25519 stays portable: Node decodes no point of it, and what `intent` signs and verifies
 * with it are rosters, which are few.
 */
export const backend: Backend = {
  ...portable,
  ...secp256k1,
  name: 'native',
  isP256Point: (publicKey) => keyOf(publicKey) !== null,
  verifyP256,
};
