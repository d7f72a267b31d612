import { describe, expect, test } from 'vitest';
import { commit, type CommitmentContext, verifyOpening } from '../src/commitment.ts';
import { seededRng } from './support/rng.ts';

const rng = seededRng('commitment');
const context: CommitmentContext = { sessionId: rng(32), round: 1, committer: 2 };
const salt = rng(32);
const payload = rng(33);
const commitment = commit(context, salt, payload);

describe('a commitment', () => {
  test('opens to what was committed to, by whom, where and when', () => {
    expect(verifyOpening(commitment, context, salt, payload)).toBe(true);
  });

  test.each([
    ['F-2: in another session', { sessionId: seededRng('other')(32) }],
    ['F-2: in another round', { round: 2 }],
    ['F-8: for another committer', { committer: 1 }],
    ['F-2: where round and committer are exchanged', { round: 2, committer: 1 }],
    ['F-2: where round and committer only look alike', { round: 0x0102, committer: 0 }],
  ])('%s does not open', (_, over) => {
    expect(verifyOpening(commitment, { ...context, ...over }, salt, payload)).toBe(false);
  });

  test('G1: does not open with another salt, payload, or a byte moved from one to the other', () => {
    const flip = (bytes: Uint8Array): Uint8Array =>
      bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
    expect(verifyOpening(commitment, context, flip(salt), payload)).toBe(false);
    expect(verifyOpening(commitment, context, salt, flip(payload))).toBe(false);
    expect(verifyOpening(commitment, context, payload, salt)).toBe(false);
    const joined = new Uint8Array([...salt, ...payload]);
    for (const at of [31, 33]) {
      expect(verifyOpening(commitment, context, joined.slice(0, at), joined.slice(at))).toBe(false);
    }
  });

  test('is not opened by its beginning, and nothing else is its opening', () => {
    expect(verifyOpening(commitment.slice(0, 31), context, salt, payload)).toBe(false);
    expect(verifyOpening(new Uint8Array(), context, salt, payload)).toBe(false);
    expect(verifyOpening(commitment.with(31, commitment[31]! ^ 1), context, salt, payload)).toBe(
      false,
    );
  });
});
