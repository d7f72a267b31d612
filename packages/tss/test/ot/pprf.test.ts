import { describe, expect, test } from 'vitest';
import { baseOtFinish, baseOtReceive, baseOtSend } from '../../src/ot/base.ts';
import { PPRF_BYTES } from '../../src/ot/parameters.ts';
import { builderLeaves, evaluatorLeaves, pprfBuild, pprfEvaluate } from '../../src/ot/pprf.ts';
import { seededRng } from '../support/rng.ts';
import { bitOf, flipped, present } from './setup.ts';

const sid = seededRng('sid')(32);
const offer = baseOtReceive(sid, seededRng('alice'));
const answer = present(baseOtSend(sid, offer.message, seededRng('bob')));
const pads = present(baseOtFinish(sid, offer, answer.message));
const { builder, message } = pprfBuild(sid, answer.pads);
const evaluate = (changed: Uint8Array) => pprfEvaluate(sid, offer.choices, pads, changed);
const evaluator = present(evaluate(message));
const starOf = (tree: number): number => (evaluator.delta[tree >> 1]! >> (4 * (tree & 1))) & 15;

describe('all-but-one OT', () => {
  test('gives the evaluator every leaf but the one that its choices puncture', () => {
    const all = builderLeaves(builder);
    const known = evaluatorLeaves(evaluator);
    for (let tree = 0; tree < 32; tree++) {
      for (let z = 0; z < 16; z++) {
        const leaf = known.slice(4 * (16 * tree + z), 4 * (16 * tree + z + 1));
        const y = z ^ starOf(tree);
        const same = all.slice(4 * (16 * tree + y), 4 * (16 * tree + y + 1));
        if (z === 0) expect(leaf).not.toEqual(same);
        else expect(leaf).toEqual(same);
      }
    }
  });

  test('punctures at the complement of the choices, the first choice on top', () => {
    for (let tree = 0; tree < 32; tree++) {
      for (let level = 1; level <= 4; level++) {
        const choice = bitOf(offer.choices, 4 * tree + level - 1);
        expect((starOf(tree) >> (4 - level)) & 1).toBe(1 - choice);
      }
    }
  });

  test('all 512 leaves differ, also between trees with equal pads', () => {
    const equalPads = new Uint8Array(4096);
    const { builder: flat } = pprfBuild(sid, equalPads);
    const leaves = Buffer.from(builderLeaves(flat).buffer);
    const distinct = new Set(
      Array.from({ length: 512 }, (_, at) => leaves.toString('hex', 16 * at, 16 * at + 16)),
    );
    expect(distinct.size).toBe(512);
  });
});

describe('O5: the evaluator refuses', () => {
  test('a changed proof s̃ or t̃ of any tree', () => {
    for (let tree = 0; tree < 32; tree++) {
      for (const byte of [96, 127, 128, 159]) {
        expect(evaluate(flipped(message, 8 * (160 * tree + byte)))).toBeNull();
      }
    }
  });

  test('a changed sum on the side of its choice, and only there', () => {
    for (let tree = 0; tree < 32; tree++) {
      for (let level = 2; level <= 4; level++) {
        const choice = bitOf(offer.choices, 4 * tree + level - 1);
        const at = 160 * tree + 32 * (level - 2);
        expect(evaluate(flipped(message, 8 * (at + 16 * choice) + 5))).toBeNull();
        expect(evaluate(flipped(message, 8 * (at + 16 * (1 - choice)) + 5))).toEqual(evaluator);
      }
    }
  });

  test('proofs of two trees exchanged', () => {
    const swapped = message.slice();
    swapped.set(message.subarray(0, 160), 160);
    swapped.set(message.subarray(160, 320), 0);
    expect(evaluate(swapped)).toBeNull();
  });

  test('a message of another session', () => {
    const other = pprfBuild(seededRng('other')(32), answer.pads);
    expect(evaluate(other.message)).toBeNull();
  });

  test('wrong pads and every wrong length', () => {
    expect(pprfEvaluate(sid, offer.choices, flipped(pads, 0), message)).toBeNull();
    for (const length of [0, PPRF_BYTES - 1, PPRF_BYTES + 1]) {
      expect(evaluate(new Uint8Array(length))).toBeNull();
    }
    expect(evaluate(Uint8Array.of(...message, 0))).toBeNull();
    const longer = Uint8Array.of(...pads, 0);
    expect(pprfEvaluate(sid, offer.choices, longer, message)).toBeNull();
  });
});

test('kept state shares no memory with what it was made from', () => {
  const sidCopy = sid.slice();
  const { builder: kept } = pprfBuild(sidCopy, answer.pads);
  sidCopy.fill(0);
  expect(kept.sid).toEqual(sid);
  expect([kept.seeds.length, evaluator.seeds.length, evaluator.delta.length]).toEqual([
    1024, 2048, 16,
  ]);
});
