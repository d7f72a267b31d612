import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkP256PublicKey,
  decodeDer,
  encodeDer,
  fromHex,
  IntentError,
  toHex,
  verifyP256,
} from '../src/index.ts';
import { counting, makeChip } from './support/keys.ts';

const chip = makeChip(5);
const message = counting(50);

test('DER of random numbers round trips', () => {
  const half = fc.tuple(fc.nat(32), fc.uint8Array({ minLength: 32, maxLength: 32 }));
  fc.assert(
    fc.property(half, half, ([zerosR, r], [zerosS, s]) => {
      const compact = Uint8Array.of(...r.fill(0, 0, zerosR), ...s.fill(0, 0, zerosS));
      expect(decodeDer(encodeDer(compact))).toEqual(compact);
    }),
  );
});

test('J-4: bytes decode as DER to what encodes back, or are refused', () => {
  const valid = encodeDer(counting(64, 100));
  const mutated = fc
    .tuple(fc.nat(valid.length - 1), fc.nat(255))
    .map(([at, byte]) => valid.with(at, byte));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), (bytes) => {
      let compact: Uint8Array;
      try {
        compact = decodeDer(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(IntentError);
        return;
      }
      expect(encodeDer(compact)).toEqual(bytes);
    }),
    { numRuns: 3000 },
  );
});

test('DER with padding, a sign, trailing bytes, long lengths or missing integers is refused', () => {
  for (const hex of [
    '',
    '30',
    '3000',
    '3006020101020101' + '00',
    '3007020101020101',
    '308106020101020101',
    '300702020001020101',
    '3006020181020101',
    '300502000201' + '01',
    '3003020101',
    '3009020101020101020101',
    '3106020101020101',
    '3006030101020101',
    `302602217f${'00'.repeat(32)}020101`,
  ]) {
    expect(() => decodeDer(fromHex(hex)), hex).toThrow(IntentError);
  }
  expect(toHex(decodeDer(fromHex('3006020101020102')))).toBe(
    `${'00'.repeat(31)}01${'00'.repeat(31)}02`,
  );
});

test('a chip signature verifies, and nothing near it does', () => {
  const der = chip.sign(message);
  expect(verifyP256(chip.publicKey, message, der)).toBe(true);
  expect(verifyP256(makeChip(6).publicKey, message, der)).toBe(false);
  expect(verifyP256(chip.publicKey, message.with(0, 9), der)).toBe(false);
  for (let at = 0; at < der.length; at++) {
    expect(verifyP256(chip.publicKey, message, der.with(at, der[at]! ^ 1)), `${at}`).toBe(false);
  }
});

test('a chip signature with r or s of zero or of the order does not verify', () => {
  const order = fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  for (const bad of [new Uint8Array(32), order]) {
    const one = new Uint8Array(32).with(31, 1);
    expect(verifyP256(chip.publicKey, message, encodeDer(Uint8Array.of(...bad, ...one)))).toBe(
      false,
    );
    expect(verifyP256(chip.publicKey, message, encodeDer(Uint8Array.of(...one, ...bad)))).toBe(
      false,
    );
  }
});

test('a public key that is compressed, off the curve or infinity is refused', () => {
  expect(checkP256PublicKey(chip.publicKey)).toBe(chip.publicKey);
  const compressed = Uint8Array.of(
    2 + (chip.publicKey[64]! & 1),
    ...chip.publicKey.subarray(1, 33),
  );
  for (const key of [
    compressed,
    chip.publicKey.with(64, 0),
    new Uint8Array(65),
    Uint8Array.of(0),
  ]) {
    expect(() => checkP256PublicKey(key)).toThrow(IntentError);
    expect(verifyP256(key, message, chip.sign(message))).toBe(false);
  }
});
