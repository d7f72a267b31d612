/**
 * The backend of Node: libsecp256k1 through `secp256k1/bindings` for the curve, node:crypto for the
 * rest. A secret scalar goes through `ecdh` with a hash function or `publicKeyCreate` only, which are
 * constant time; `publicKeyTweakMul` is not and takes public scalars (J-10).
 */
import {
  createCipheriv,
  createHash,
  createHmac,
  hash as hashOnce,
  randomFillSync,
} from 'node:crypto';
import { openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { nativeModular } from './nativeModular.ts';
import { backend as portable } from './portable.ts';
import {
  type Backend,
  compressPoint,
  MULTIPLICATION_RANGE,
  type Point,
  RECOVERY_IDS,
} from './types.ts';

/** The part of the bindings that is used here. */
interface Bindings {
  contextRandomize(seed: Uint8Array): void;
  publicKeyCreate(secret: Uint8Array, compressed: false): Uint8Array;
  publicKeyVerify(point: Uint8Array): boolean;
  publicKeyConvert(point: Uint8Array, compressed: false): Uint8Array;
  publicKeyNegate(point: Uint8Array, compressed: false): Uint8Array;
  publicKeyCombine(points: readonly Uint8Array[], compressed: false): Uint8Array;
  publicKeyTweakMul(point: Uint8Array, scalar: Uint8Array, compressed: false): Uint8Array;
  ecdsaRecover(
    signature: Uint8Array,
    recovery: number,
    digest: Uint8Array,
    compressed: false,
  ): Uint8Array;
  ecdh(
    point: Uint8Array,
    secret: Uint8Array,
    options: { hashfn: (x: Uint8Array, y: Uint8Array) => Uint8Array },
    output: Uint8Array,
  ): Uint8Array;
}

const openUrandom = (): number | null =>
  process.platform === 'win32' ? null : openSync('/dev/urandom', 'r');
const urandom = openUrandom();

/** The library's generator ⊕ the kernel's: no state of this process alone decides (N-6). */
const randomBytes = (length: number): Uint8Array => {
  const bytes = randomFillSync(new Uint8Array(length));
  if (urandom === null) return bytes;
  const kernel = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const count = readSync(urandom, kernel, read, length - read, null);
    if (count === 0) throw new Error('the kernel gave no random bytes');
    read += count;
  }
  for (let at = 0; at < length; at++) bytes[at] = (bytes[at] ?? 0) ^ (kernel[at] ?? 0);
  return bytes;
};

/** A copy that shares no pool, unlike a Buffer. */
const plain = (buffer: Uint8Array): Uint8Array => new Uint8Array(buffer);

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) {
    return plain(hashOnce('sha256', only, 'buffer'));
  }
  const hasher = createHash('sha256');
  for (const part of parts) hasher.update(part);
  return plain(hasher.digest());
};

const shake256 = (length: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const hasher = createHash('shake256', { outputLength: length });
  for (const part of parts) hasher.update(part);
  return plain(hasher.digest());
};

const hmac = (algorithm: string, key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array => {
  const mac = createHmac(algorithm, key);
  for (const part of parts) mac.update(part);
  return plain(mac.digest());
};

const aes128: Backend['aes128'] = (key) => {
  if (key.length !== 16) throw new RangeError('a key of 16 bytes expected');
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return (blocks) => {
    if (blocks.length % 16 !== 0) throw new RangeError('whole blocks expected');
    const { buffer, byteOffset, length } = cipher.update(blocks); // its own memory, not of a pool
    return new Uint8Array(buffer, byteOffset, length);
  };
};

/** Why the bindings are not there, as far as the loader tells. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'cannot be loaded';
  const [line = ''] = error.message.split('\n');
  if ('code' in error && error.code === 'MODULE_NOT_FOUND' && line.includes("'secp256k1/")) {
    return 'is not installed';
  }
  if (line.startsWith('No native build was found')) {
    return `has no binary for ${process.platform}-${process.arch}`;
  }
  // The loader names files, whose names may hold anything.
  return `cannot be loaded (${line.replaceAll(/[^\x20-\x7e]/g, '?')})`;
};

const load = (): Bindings | null => {
  try {
    const bindings: Bindings = createRequire(import.meta.url)('secp256k1/bindings');
    bindings.contextRandomize(randomBytes(32));
    return bindings;
  } catch (error) {
    process.stderr.write(
      `quorate: the native secp256k1 ${reasonOf(error)}; the portable backend is used, which is slower and not constant time\n`,
    );
    return null;
  }
};

const inRange = (compute: () => Uint8Array): Point => {
  try {
    return compute() as Point;
  } catch {
    throw new RangeError(MULTIPLICATION_RANGE);
  }
};

const orNull = (compute: () => Uint8Array): Point | null => {
  try {
    return compute() as Point;
  } catch {
    return null;
  }
};

const uncompressed = (x: Uint8Array, y: Uint8Array): Uint8Array => {
  const point = new Uint8Array(65);
  point[0] = 4;
  point.set(x, 1);
  point.set(y, 33);
  return point;
};

/** Asks before it converts: a refusal of `publicKeyConvert` is an exception, ten times as slow. */
const firstPoint = (bindings: Bindings, candidates: Uint8Array): Point | null => {
  for (let at = 0; at + 33 <= candidates.length; at += 33) {
    const candidate = candidates.subarray(at, at + 33);
    if (bindings.publicKeyVerify(candidate)) {
      return bindings.publicKeyConvert(candidate, false) as Point;
    }
  }
  return null;
};

const sum = (bindings: Bindings, points: readonly Point[]): Point | null => {
  if (points.length === 0) return null;
  try {
    return bindings.publicKeyCombine(points, false) as Point;
  } catch {
    // Either the sum is the identity, or one of the points is none.
    for (const point of points) inRange(() => bindings.publicKeyConvert(point, false));
    return null;
  }
};

const nativeBackend = (bindings: Bindings): Backend => ({
  name: 'native',
  randomBytes,
  sha256,
  sha512hmac: (key, ...parts) => hmac('sha512', key, parts),
  hmacSha256: (key, ...parts) => hmac('sha256', key, parts),
  shake256,
  aes128,
  mulBase: (secret) => inRange(() => bindings.publicKeyCreate(secret, false)),
  mul: (point, secret) =>
    inRange(() => bindings.ecdh(point, secret, { hashfn: uncompressed }, new Uint8Array(65))),
  mulPublic: (point, scalar) => inRange(() => bindings.publicKeyTweakMul(point, scalar, false)),
  sum: (points) => sum(bindings, points),
  negate: (point) => inRange(() => bindings.publicKeyNegate(point, false)),
  decodePoint: (bytes) =>
    bytes.length === 33 ? orNull(() => bindings.publicKeyConvert(bytes, false)) : null,
  firstPoint: (candidates) => firstPoint(bindings, candidates),
  encodePoint: compressPoint,
  ecdsaRecover: (signature, recovery, digest) =>
    RECOVERY_IDS.includes(recovery)
      ? orNull(() => bindings.ecdsaRecover(signature, recovery, digest, false))
      : null,
  ...nativeModular(portable),
});

const bindings = load();

/** libsecp256k1 and OpenSSL; the portable backend where there is no binary. */
export const backend: Backend =
  bindings === null ? { ...portable, ...nativeModular(portable) } : nativeBackend(bindings);
