import type * as NodeCrypto from 'node:crypto';
import { createDiffieHellman, type DiffieHellman } from 'node:crypto';
import { beforeEach, expect, test, vi } from 'vitest';
import { fixturePrimes } from '../../../../test/support/fixturePrimes.ts';
import { backend as native } from '../../src/backend/native.ts';
import { backend as portable } from '../../src/backend/portable.ts';

/** Exponents that each object was given, in order. */
const given = vi.hoisted(() => [] as string[]);

vi.mock(import('node:crypto'), async (original) => {
  const real = await original();
  const create = vi.fn((...parameters: [Buffer, Uint8Array]): DiffieHellman => {
    const group = real.createDiffieHellman(...parameters);
    const set = group.setPrivateKey.bind(group);
    const setPrivateKey = (key: NodeJS.ArrayBufferView): void => {
      given.push(Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex'));
      set(key);
    };
    return Object.assign(group, { setPrivateKey });
  });
  return { ...real, createDiffieHellman: create } as unknown as typeof NodeCrypto;
});

const [p = 0n, q = 0n] = fixturePrimes(2048);
const made = vi.mocked(createDiffieHellman);

beforeEach(() => {
  native.release(p, p * p);
  made.mockClear();
  given.length = 0;
});

test('J-10: an object for a secret modulus is kept between powers, and gone when it is released', () => {
  const power = () => native.modPow(5n, 12_345n, 64, p);
  const first = power();
  expect(power()).toBe(first);
  expect(made).toHaveBeenCalledTimes(1);
  native.modPow(5n, 12_345n, 64, q);
  native.release(p, p * p);
  expect(power()).toBe(first);
  expect(made).toHaveBeenCalledTimes(3);
  native.modPow(5n, 12_345n, 64, q);
  expect(made).toHaveBeenCalledTimes(3);
  portable.release(p);
});

test('J-10: no object keeps an exponent, also where it has no answer', () => {
  native.modPow(5n, 12_345n, 64, p);
  expect(given).toEqual(['0000000000003039', '01']);
  given.length = 0;
  expect(native.modPow(5n, p - 1n, 1024, p)).toBe(1n); // the object refuses a result of 1
  expect(given).toHaveLength(2);
  expect(given[1]).toBe('01');
});

test('J-10: objects for 512 moduli are kept, the one used longest ago goes first', () => {
  const modulus = (n: number): bigint => (3n << 511n) + 2n * BigInt(n) + 1n;
  const use = (n: number) => native.modPowPublic(5n, 12_345n, modulus(n));
  for (let n = 0; n < 512; n++) use(n);
  for (let n = 0; n < 512; n++) use(n);
  expect(made).toHaveBeenCalledTimes(512);
  use(512);
  use(1);
  expect(made).toHaveBeenCalledTimes(513);
  use(0);
  expect(made).toHaveBeenCalledTimes(514);
});
