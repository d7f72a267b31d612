import { vi } from 'vitest';
import { backend } from '#backend';
import type { Backend, Point } from '../../src/backend/types.ts';

/**
 * Remembers powers and primality by their arguments. With seeded randomness an honest party computes the
 * same again and again; what a deviation changes is computed anew.
 */
export function rememberPowers(): void {
  const real = { ...backend };
  const powers = new Map<string, bigint>();
  const remembered = (key: string, compute: () => bigint): bigint => {
    const known = powers.get(key) ?? compute();
    powers.set(key, known);
    return known;
  };
  const keyOf = (...numbers: readonly bigint[]): string =>
    numbers.map((number) => number.toString(32)).join('/');
  vi.spyOn(backend, 'modPow').mockImplementation((base, exponent, bits, modulus) =>
    remembered(keyOf(base, exponent, modulus), () => real.modPow(base, exponent, bits, modulus)),
  );
  vi.spyOn(backend, 'modPowPublic').mockImplementation((base, exponent, modulus) =>
    remembered(keyOf(base, exponent, modulus), () => real.modPowPublic(base, exponent, modulus)),
  );
  const primes = new Map<bigint, boolean>();
  vi.spyOn(backend, 'isProbablePrime').mockImplementation((n) => {
    const known = primes.get(n) ?? real.isProbablePrime(n);
    primes.set(n, known);
    return known;
  });
}

/**
 * The same for points: with seeded randomness a run against a deviating party repeats nearly all of the
 * honest run. Every result is a copy, as a caller may expect.
 */
export function rememberPoints(): void {
  const real = { ...backend };
  const known = new Map<string, Point | null>();
  const remembered = (name: string, inputs: readonly Uint8Array[], compute: () => Point | null) => {
    const key = name + inputs.map(textOf).join();
    const found = known.get(key);
    const point = found === undefined ? compute() : found;
    known.set(key, point);
    return point === null ? null : copyOf(point);
  };
  /** For what throws where there is no point. */
  const sure = (name: string, inputs: readonly Uint8Array[], compute: () => Point): Point => {
    const point = remembered(name, inputs, compute);
    if (point === null) throw new Error('no point');
    return point;
  };
  Object.assign(backend, {
    mulBase: (secret) => sure('base', [secret], () => real.mulBase(secret)),
    mul: (point, secret) => sure('mul', [point, secret], () => real.mul(point, secret)),
    mulPublic: (point, scalar) => sure('mul', [point, scalar], () => real.mulPublic(point, scalar)),
    sum: (points) => remembered('sum', points, () => real.sum(points)),
    decodePoint: (bytes) => remembered('decode', [bytes], () => real.decodePoint(bytes)),
    firstPoint: (candidates) =>
      remembered('first', [candidates], () => real.firstPoint(candidates)),
  } satisfies Partial<Backend>);
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

const copyOf = (point: Point): Point => point.slice() as Point;
