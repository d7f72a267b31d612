import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combineBlocks, transpose } from '../../src/ot/bitMatrix.ts';
import { extendReceive, extendSend } from '../../src/ot/extension.ts';
import { EXTENSION_BYTES } from '../../src/ot/parameters.ts';
import { seededRng } from '../support/rng.ts';
import { bobMessage, combined } from './cheats.ts';
import { bitOf, flipped, present, setUpPair } from './setup.ts';

const { builder, evaluator } = setUpPair('extension');
const sid = seededRng('extension sid')(32);
const choices = seededRng('choices')(64);
const filler = seededRng('filler')(16);
const bob = extendReceive(sid, builder, choices.slice(), () => filler.slice());
const send = (message: Uint8Array) => extendSend(sid, evaluator, message);

describe('OT extension', () => {
  test('gives columns that differ by Δ exactly where the choice is 1', () => {
    const alice = present(send(bob.message));
    const delta = new Uint32Array(evaluator.delta.slice().buffer);
    for (let j = 0; j < 512; j++) {
      const mask = -bitOf(choices, j);
      for (let word = 0; word < 4; word++) {
        const expected = (bob.columns[4 * j + word]! ^ (delta[word]! & mask)) >>> 0;
        expect(alice[4 * j + word]).toBe(expected);
      }
    }
  });

  test('agrees with an independent Bob that computes with integers', () => {
    expect(bob.message).toEqual(bobMessage(sid, builder, [choices, filler]));
  });

  test('is bound to its session', () => {
    expect(extendSend(seededRng('other')(32), evaluator, bob.message)).toBeNull();
  });
});

describe('O-6, O6: the consistency check', () => {
  test('refuses one changed bit of t in every row', () => {
    for (let row = 0; row < 128; row++) {
      const bit = 8 * (2576 + 16 * row) + ((row * 37) % 128);
      expect(send(flipped(bob.message, bit))).toBeNull();
    }
  });

  test('refuses every changed bit of x̂', () => {
    for (let bit = 0; bit < 128; bit++)
      expect(send(flipped(bob.message, 8 * 2560 + bit))).toBeNull();
  });

  test('refuses a changed bit of u in every tree: it changes the coefficients too', () => {
    for (let tree = 0; tree < 32; tree++) {
      for (const bit of [0, 127, 128, 511, 512, 639]) {
        expect(send(flipped(bob.message, 640 * tree + bit))).toBeNull();
      }
    }
  });

  test('O7: refuses every other length', () => {
    for (const length of [0, 1, EXTENSION_BYTES - 1, EXTENSION_BYTES + 1]) {
      expect(send(new Uint8Array(length))).toBeNull();
    }
    expect(send(bob.message.subarray(0, -16))).toBeNull();
    expect(send(Uint8Array.of(...bob.message, 0, 0, 0, 0))).toBeNull();
  });

  test('lets one of 16 guesses of a lying Bob pass: the one that is Δ of the tree', () => {
    for (const [tree, bit] of [
      [0, 7],
      [17, 300],
      [31, 639],
    ] as const) {
      const star = (evaluator.delta[tree >> 1]! >> (4 * (tree & 1))) & 15;
      const passed = Array.from({ length: 16 }, (_, guess) => guess).filter(
        (guess) => send(bobMessage(sid, builder, [choices, filler], { tree, bit, guess })) !== null,
      );
      expect(passed).toEqual([star]);
    }
  });
});

describe('bit matrices', () => {
  const words = (length: number) =>
    fc
      .array(fc.nat(0xffffffff), { minLength: length, maxLength: length })
      .map((list) => Uint32Array.from(list));

  test('transposition moves bit c of row r to bit r of row c, and is its own inverse', () => {
    fc.assert(
      fc.property(words(64 * 3), (matrix) => {
        const turned = transpose(matrix, 64, 96);
        for (let row = 0; row < 64; row++) {
          for (let column = 0; column < 96; column++) {
            const before = (matrix[3 * row + (column >> 5)]! >>> (column & 31)) & 1;
            const after = (turned[2 * column + (row >> 5)]! >>> (row & 31)) & 1;
            if (before !== after) throw new Error(`bit ${row}, ${column}`);
          }
        }
        expect(transpose(turned, 96, 64)).toEqual(matrix);
      }),
      { numRuns: 20 },
    );
  });

  test('the combination of transposed rows is the one in GF(2¹²⁸), row by row', () => {
    const numberOf = (list: Uint32Array): bigint =>
      list.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
    fc.assert(
      fc.property(words(32 * 20), words(16), (rows, coefficients) => {
        const result = transpose(combineBlocks(transpose(rows, 32, 640), 1, coefficients), 128, 32);
        const e = [0, 4, 8, 12].map((at) => numberOf(coefficients.subarray(at, at + 4)));
        for (let row = 0; row < 32; row++) {
          const expected = combined(numberOf(rows.subarray(20 * row, 20 * row + 20)), e);
          expect(numberOf(result.subarray(4 * row, 4 * row + 4))).toBe(expected);
        }
      }),
      { numRuns: 10 },
    );
  });
});
