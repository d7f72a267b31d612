import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import { LABELS } from '../src/label.ts';
import { expand, framed, hash } from '../src/transcript.ts';

afterEach(() => void vi.restoreAllMocks());

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

test('F-1, P-7: different tuples never have the same encoding', () => {
  const tuple = fc.tuple(
    fc.constantFrom('a', 'ab', ''),
    fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 4 }),
  );
  const key = ([label, fields]: readonly [string, readonly Uint8Array[]]): string =>
    JSON.stringify([label, fields.map((field) => [...field])]);
  fc.assert(
    fc.property(tuple, tuple, (left, right) => {
      const same = Buffer.compare(framed(left[0], ...left[1]), framed(right[0], ...right[1])) === 0;
      expect(same).toBe(key(left) === key(right));
    }),
    { numRuns: 10_000 },
  );
});

test('F-1: no field, one empty field and two empty fields differ', () => {
  const empty = new Uint8Array();
  const all = [framed('l'), framed('l', empty), framed('l', empty, empty)];
  expect(new Set(all.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(3);
});

test('hash and expand are SHA-256 and SHAKE256 of the framing written out by hand', () => {
  const written = Buffer.concat([
    Buffer.from('0000000000000001', 'hex'),
    text('t'),
    Buffer.from('0000000000000002', 'hex'),
    Buffer.from('0000000000000003', 'hex'),
    text('abc'),
    Buffer.from('0000000000000000', 'hex'),
  ]);
  const fields = [text('abc'), new Uint8Array()];
  expect(Buffer.from(hash('t', ...fields))).toEqual(createHash('sha256').update(written).digest());
  const shake = createHash('shake256', { outputLength: 100 }).update(written).digest();
  expect(Buffer.from(expand('t', 100, ...fields))).toEqual(shake);
});

test('labels are unique and none is a prefix that another could be confused with', () => {
  const labels = Object.values(LABELS);
  expect(new Set(labels).size).toBe(labels.length);
  expect(labels.every((label) => label.startsWith('quorate/v1/'))).toBe(true);
});

test('F-6: no encoding is the beginning of another one, so that no hash can be extended to one', () => {
  const tuple = fc.tuple(
    fc.constantFrom('a', 'ab', ''),
    fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 4 }),
    fc.uint8Array({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(tuple, tuple, ([left, some, more], [right, others]) => {
      const [short, any] = [framed(left, ...some), framed(right, ...others)];
      const longer = framed(left, ...some, more); // begins with the same fields
      for (const other of [any, longer]) {
        if (other.length <= short.length) continue;
        expect(Buffer.compare(other.subarray(0, short.length), short)).not.toBe(0);
      }
    }),
    { numRuns: 10_000 },
  );
});

test('F-7: fields are joined by their lengths, not by exclusive or: equal differences do not cancel', () => {
  const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const difference = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 7);
  const all = [hash('l', a, b), hash('l', difference(a), difference(b)), hash('l', b, a)];
  expect(new Set(all.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(3);
});

test('W-6: the framing of a hash is wiped when it has been hashed, or could not be', () => {
  const seen: Uint8Array[] = [];
  const real = { ...backend };
  vi.spyOn(backend, 'sha256').mockImplementation((...parts: readonly Uint8Array[]) => {
    seen.push(...parts);
    return real.sha256(...parts);
  });
  vi.spyOn(backend, 'shake256').mockImplementation(
    (length: number, ...parts: readonly Uint8Array[]) => {
      seen.push(...parts);
      if (length === 0) throw new RangeError('no bytes asked for');
      return real.shake256(length, ...parts);
    },
  );
  const secret = text('a secret');
  hash('l', secret);
  expand('l', 8, secret);
  expect(() => expand('l', 0, secret)).toThrow(RangeError);
  expect(seen.map(({ length }) => length)).toEqual([33, 33, 33]);
  expect(seen.every((framing) => framing.every((byte) => byte === 0))).toBe(true);
});
