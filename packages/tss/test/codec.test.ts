import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  array,
  body,
  bytes,
  nonZeroScalar,
  point,
  scalar,
  struct,
  uint16,
  uint32,
} from '../src/codec.ts';
import { DecodeError } from '../src/index.ts';

const Q = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const P = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn;
const be = (value: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
const G = new Uint8Array(
  Buffer.from('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 'hex'),
);

const everything = body(
  struct({
    a: bytes(3),
    b: uint16,
    c: uint32,
    d: scalar,
    e: nonZeroScalar,
    f: point,
    g: array(2, point),
    h: array(1, array(2, uint16)),
  }),
);

describe('codec', () => {
  test('J-4: 10,000 random inputs either fail with DecodeError or encode to themselves', () => {
    const length = 3 + 2 + 4 + 32 + 32 + 33 + 4 + 66 + 4 + 4 + 4;
    const likely = fc
      .tuple(fc.uint8Array({ minLength: length, maxLength: length }), fc.boolean())
      .map(([raw, plant]) => {
        if (!plant) return raw;
        raw.set(G, 73);
        raw.set([0, 0, 0, 2], 106);
        raw.set(G, 110);
        raw.set(G, 143);
        raw.set([0, 0, 0, 1, 0, 0, 0, 2], 176);
        return raw;
      });
    let decoded = 0;
    fc.assert(
      fc.property(fc.oneof(likely, fc.uint8Array({ maxLength: 400 })), (input) => {
        try {
          expect(everything.encode(everything.decode(input, 'fuzz'))).toEqual(input);
          decoded++;
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 10_000 },
    );
    expect(decoded).toBeGreaterThan(1000);
  });

  test.each([
    ['zero', 0n, true, false],
    ['one', 1n, true, true],
    ['q − 1', Q - 1n, true, true],
    ['q', Q, false, false],
    ['2²⁵⁶ − 1', 2n ** 256n - 1n, false, false],
  ])('C4: the scalar %s', (_, value, plain, nonZero) => {
    const accepts = (codec: typeof scalar) => {
      try {
        body(codec).decode(be(value), 's');
        return true;
      } catch {
        return false;
      }
    };
    expect([accepts(scalar), accepts(nonZeroScalar)]).toEqual([plain, nonZero]);
  });

  test.each([
    ['zeros (an identity)', new Uint8Array(33)],
    ['x ≥ p', new Uint8Array([2, ...be(P)])],
    ['x ≥ p that reduces to a point', new Uint8Array([2, ...be(P + 1n)])],
    ['x off the curve', new Uint8Array([2, ...be(5n)])],
    ['prefix 4', new Uint8Array([4, ...G.slice(1)])],
    ['prefix 5', new Uint8Array([5, ...G.slice(1)])],
    ['hybrid prefix 6', new Uint8Array([6, ...G.slice(1)])],
    ['hybrid prefix 7', new Uint8Array([7, ...G.slice(1)])],
    ['prefix 0', new Uint8Array([0, ...G.slice(1)])],
  ])('C3, L-9: refuses a point with %s', (_, encoded) => {
    expect(() => body(point).decode(encoded, 'R')).toThrow(DecodeError);
  });

  test('C5, D-2: refuses another count before reading any item', () => {
    const codec = body(array(2, uint16));
    for (const count of [0, 1, 3, 2 ** 20, 2 ** 32 - 1]) {
      const encoded = new Uint8Array([
        ...new Uint8Array(new Uint32Array([count]).buffer).reverse(),
        0,
        1,
        0,
        2,
      ]);
      expect(() => codec.decode(encoded, 'F')).toThrow(`F: expected 2 items, got ${count}`);
    }
  });

  test('C1, C6: refuses every truncation and every trailing byte', () => {
    const encoded = body(array(2, point)).encode(
      body(array(2, point)).decode(new Uint8Array([0, 0, 0, 2, ...G, ...G]), 'F'),
    );
    for (let length = 0; length < encoded.length; length++) {
      expect(() => body(array(2, point)).decode(encoded.slice(0, length), 'F')).toThrow(
        DecodeError,
      );
    }
    expect(() => body(array(2, point)).decode(new Uint8Array([...encoded, 0]), 'F')).toThrow(
      'no trailing bytes',
    );
  });
});
