/**
 * ECDSA verification and recovery on secp256k1 by OpenSSL (node:crypto), without any code of the
 * protocol or of @noble: what `quorate verify` relies on besides the library that the rest uses.
 *
 * Node offers no ECDSA over a digest that somebody else computed, so the equation is evaluated here and
 * OpenSSL does the curve: points by ECDH (x only, the sign is then settled by a second product).
 * Everything here is public.
 *
 * @module
 */
import { createECDH, ECDH } from 'node:crypto';

const CURVE = 'secp256k1';
const P = 2n ** 256n - 2n ** 32n - 977n;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** Bytes of r, s and the recovery id. */
export interface RecoverableSignature {
  /** 32 bytes each. */
  readonly r: Uint8Array;
  readonly s: Uint8Array;
  /** 0..3 */
  readonly recovery: number;
}

/**
 * The public key (65 bytes, SEC1) whose signature this is, or undefined when it is none.
 *
 * R from (r, recovery); Q = r⁻¹·(s·R − z·G); then the ECDSA equation is checked for Q.
 */
export function recoverWithOpenSsl(
  digest: Uint8Array,
  signature: RecoverableSignature,
): Uint8Array | undefined {
  const r = toBigInt(signature.r);
  const s = toBigInt(signature.s);
  if (r === 0n || r >= N || s === 0n || s >= N) return undefined;
  const R = pointOfX(r + (signature.recovery > 1 ? N : 0n), (signature.recovery & 1) === 1);
  if (R === undefined) return undefined;
  const inverse = invert(r, N);
  const Q = add(
    multiply(R, (s * inverse) % N),
    multiplyBase((N - (((toBigInt(digest) % N) * inverse) % N)) % N),
  );
  if (Q === undefined) return undefined;
  const publicKey = encode(Q);
  return verifyWithOpenSsl(digest, signature, publicKey) ? publicKey : undefined;
}

/** Whether r = x(s⁻¹·z·G + s⁻¹·r·Q) mod N, for a public key of 33 or 65 bytes and a low s. */
export function verifyWithOpenSsl(
  digest: Uint8Array,
  signature: Pick<RecoverableSignature, 'r' | 's'>,
  publicKey: Uint8Array,
): boolean {
  const r = toBigInt(signature.r);
  const s = toBigInt(signature.s);
  if (r === 0n || r >= N || s === 0n || s > N / 2n) return false;
  const Q = decode(publicKey);
  if (Q === undefined) return false;
  const w = invert(s, N);
  const sum = add(multiplyBase(((toBigInt(digest) % N) * w) % N), multiply(Q, (r * w) % N));
  return sum !== undefined && sum.x % N === r;
}

function multiplyBase(scalar: bigint): Point | undefined {
  if (scalar === 0n) return undefined;
  const key = createECDH(CURVE);
  key.setPrivateKey(toBytes(scalar));
  return decode(key.getPublicKey());
}

/** k·Q: its x from ECDH, its sign from x((k+1)·Q) = x(k·Q + Q). */
function multiply(point: Point, scalar: bigint): Point | undefined {
  if (scalar === 0n) return undefined;
  if (scalar === N - 1n) return { x: point.x, y: P - point.y };
  const even = pointOfX(multiplyX(point, scalar), false);
  if (even === undefined) return undefined;
  const next = multiplyX(point, scalar + 1n);
  return add(even, point)?.x === next ? even : { x: even.x, y: P - even.y };
}

function multiplyX(point: Point, scalar: bigint): bigint {
  const key = createECDH(CURVE);
  key.setPrivateKey(toBytes(scalar));
  return toBigInt(key.computeSecret(encode(point)));
}

function add(a: Point | undefined, b: Point | undefined): Point | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.x === b.x && a.y !== b.y) return undefined;
  const slope =
    a.x === b.x
      ? 3n * a.x * a.x * invert(2n * a.y, P)
      : (b.y - a.y + P) * invert(modulo(b.x - a.x, P), P);
  const x = modulo(slope * slope - a.x - b.x, P);
  return { x, y: modulo(slope * (a.x - x) - a.y, P) };
}

function pointOfX(x: bigint, odd: boolean): Point | undefined {
  if (x >= P) return undefined;
  return decode(Uint8Array.of(odd ? 3 : 2, ...toBytes(x)));
}

function decode(bytes: Uint8Array): Point | undefined {
  try {
    const full = Buffer.from(
      ECDH.convertKey(bytes, CURVE, undefined, undefined, 'uncompressed') as Buffer,
    );
    return { x: toBigInt(full.subarray(1, 33)), y: toBigInt(full.subarray(33)) };
  } catch {
    return undefined;
  }
}

function encode(point: Point): Uint8Array {
  return Uint8Array.of(4, ...toBytes(point.x), ...toBytes(point.y));
}

function modulo(value: bigint, by: bigint): bigint {
  const rest = value % by;
  return rest < 0n ? rest + by : rest;
}

/** Inverse by the extended Euclidean algorithm; public values only. */
function invert(value: bigint, by: bigint): bigint {
  let [a, b, u, v] = [modulo(value, by), by, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, u, v] = [b - quotient * a, a, v - quotient * u, u];
  }
  return modulo(u, by);
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
}

function toBytes(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}
