import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, equalBytes, u16, u32, wipe, writeU64, xor } from '../../src/arith/bytes.ts';

const bytes = fc.uint8Array({ maxLength: 64 });

test('concatenation keeps order and copies', () => {
  fc.assert(
    fc.property(fc.array(bytes), (parts) => {
      expect(concat(...parts)).toEqual(new Uint8Array(Buffer.concat(parts)));
    }),
  );
  const part = Uint8Array.of(1);
  const joined = concat(part);
  part[0] = 2;
  expect(joined).toEqual(Uint8Array.of(1));
});

test('equality looks at every byte and at the length', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (a, at, change) => {
        const other = a.slice();
        expect(equalBytes(a, other)).toBe(true);
        other[at % a.length]! ^= change;
        expect(equalBytes(a, other)).toBe(false);
        expect(equalBytes(a, a.subarray(1))).toBe(false);
        expect(equalBytes(a, Uint8Array.of(...a, 0))).toBe(false);
        expect(equalBytes(Uint8Array.of(...a, 0), a)).toBe(false);
      },
    ),
  );
  expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true);
});

test('exclusive or is its own inverse and refuses different lengths', () => {
  fc.assert(
    fc.property(bytes, (a) => {
      const mask = a.map((byte) => byte * 7 + 1);
      expect(xor(xor(a, mask), mask)).toEqual(a);
    }),
  );
  expect(() => xor(new Uint8Array(1), new Uint8Array(2))).toThrow(RangeError);
});

test('integers are big-endian and must fit', () => {
  expect(u16(0x0102)).toEqual(Uint8Array.of(1, 2));
  expect(u32(0xfffefdfc)).toEqual(Uint8Array.of(255, 254, 253, 252));
  const written = new Uint8Array(10).fill(7);
  writeU64(written, 1, 2 ** 53 - 1);
  expect(written).toEqual(Uint8Array.of(7, 0, 31, 255, 255, 255, 255, 255, 255, 7));
  for (const bad of [
    () => u16(65_536),
    () => u32(2 ** 32),
    () => writeU64(new Uint8Array(8), 0, 2 ** 53),
    () => u16(-1),
    () => u32(0.5),
  ]) {
    expect(bad).toThrow(RangeError);
  }
});

test('wiping leaves zeros', () => {
  const [secret, words, limbs] = [Uint8Array.of(1, 2), Uint32Array.of(3), Float64Array.of(4)];
  wipe(secret, words, limbs);
  expect([...secret, ...words, ...limbs]).toEqual([0, 0, 0, 0]);
});
