/**
 * The backend of browsers and React Native, and of Node where no native binary exists. Multiplication
 * by a secret is blinded by the library; BigInt and table-driven AES are not constant time, which
 * SECURITY.md says.
 */
import { ecb } from '@noble/ciphers/aes.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { shake256 } from '@noble/hashes/sha3.js';
import { randomBytes } from '@noble/hashes/utils.js';
import { concat } from '../arith/bytes.ts';
import type { Scalar } from '../arith/scalar.ts';
import { portableModular } from './modular.ts';
import {
  type Backend,
  compressPoint,
  MULTIPLICATION_RANGE,
  type Point,
  RECOVERY_IDS,
} from './types.ts';

const Curve = secp256k1.Point;
type CurvePoint = InstanceType<typeof Curve>;

const parse = (point: Uint8Array): CurvePoint => {
  try {
    if (point.length === 65) return Curve.fromBytes(point);
  } catch {
    // refused below
  }
  throw new RangeError(MULTIPLICATION_RANGE);
};

const pointOf = (point: CurvePoint): Point => point.toBytes(false) as Point;

const numberOf = (scalar: Scalar): bigint => {
  try {
    const value = Curve.Fn.fromBytes(scalar);
    if (value !== 0n) return value;
  } catch {
    // refused below
  }
  throw new RangeError(MULTIPLICATION_RANGE);
};

const decode = (bytes: Uint8Array): Point | null => {
  try {
    return bytes.length === 33 ? pointOf(Curve.fromBytes(bytes)) : null;
  } catch {
    return null;
  }
};

const firstPoint = (candidates: Uint8Array): Point | null => {
  for (let at = 0; at + 33 <= candidates.length; at += 33) {
    const point = decode(candidates.subarray(at, at + 33));
    if (point !== null) return point;
  }
  return null;
};

const sum = (points: readonly Point[]): Point | null => {
  const total = points.reduce((partial, point) => partial.add(parse(point)), Curve.ZERO);
  return total.is0() ? null : pointOf(total);
};

const recover = (signature: Uint8Array, recovery: number, digest: Uint8Array): Point | null => {
  if (signature.length !== 64 || digest.length !== 32 || !RECOVERY_IDS.includes(recovery))
    return null;
  try {
    const parsed = secp256k1.Signature.fromBytes(signature, 'compact');
    return pointOf(parsed.addRecoveryBit(recovery).recoverPublicKey(digest));
  } catch {
    return null;
  }
};

/** Pure TypeScript, the same bytes as the native backend. */
export const backend: Backend = {
  name: 'portable',
  randomBytes: (length) => randomBytes(length),
  sha256: (...parts) => sha256(concat(...parts)),
  sha512hmac: (key, ...parts) => hmac(sha512, key, concat(...parts)),
  hmacSha256: (key, ...parts) => hmac(sha256, key, concat(...parts)),
  shake256: (length, ...parts) => shake256(concat(...parts), { dkLen: length }),
  aes128: (key) => {
    if (key.length !== 16) throw new RangeError('a key of 16 bytes expected');
    const kept = new Uint8Array(key);
    return (blocks) => {
      if (blocks.length % 16 !== 0) throw new RangeError('whole blocks expected');
      if (blocks.length === 0) return new Uint8Array(0);
      return ecb(kept, { disablePadding: true }).encrypt(blocks);
    };
  },
  mulBase: (secret) => pointOf(Curve.BASE.multiply(numberOf(secret))),
  mul: (point, secret) => pointOf(parse(point).multiply(numberOf(secret))),
  mulPublic: (point, scalar) => pointOf(parse(point).multiplyUnsafe(numberOf(scalar))),
  sum,
  negate: (point) => pointOf(parse(point).negate()),
  decodePoint: decode,
  firstPoint,
  encodePoint: compressPoint,
  ecdsaRecover: recover,
  ...portableModular((length) => randomBytes(length)),
};
