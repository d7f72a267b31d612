import { describe, expect, test } from 'vitest';
import {
  chainShareHolds,
  contribute,
  type KeygenContext,
  open,
  openingHolds,
  proofsHold,
  zeroSeedHolds,
} from '../../src/dkls23/dealing.ts';
import { Secrets } from '../../src/secrets.ts';
import { seededRng } from '../support/rng.ts';

const contextOf = (index: number, over: Partial<KeygenContext> = {}): KeygenContext => ({
  sid: seededRng('dealing')(32),
  threshold: 2,
  parties: 3,
  index,
  peers: [1, 2, 3].filter((party) => party !== index),
  rng: seededRng(`dealing/${index}`),
  secrets: new Secrets(),
  ...over,
});

/** A dealer, and what it opens. */
const dealer = contextOf(2);
const mine = contribute(dealer);
const opening = open(dealer, mine);
const elsewhere = { sid: seededRng('elsewhere')(32) };

describe('F-2, F-8: what a dealer opens is of its session, its dealer and its recipient', () => {
  test('D3: the commitment to a dealing', () => {
    const holds = (over: Partial<KeygenContext>, from: number): boolean =>
      openingHolds(contextOf(1, over), from, mine.commitment, opening);
    expect(holds({}, 2)).toBe(true);
    expect(holds({}, 1)).toBe(false);
    expect(holds({}, 3)).toBe(false);
    expect(holds(elsewhere, 2)).toBe(false);
  });

  test('D4: the proofs of the coefficients', () => {
    expect(proofsHold(dealer.sid, 2, opening)).toBe(true);
    expect(proofsHold(dealer.sid, 1, opening)).toBe(false);
    expect(proofsHold(dealer.sid, 3, opening)).toBe(false);
    expect(proofsHold(elsewhere.sid, 2, opening)).toBe(false);
    for (const missing of [{ responses: [] }, { responses: opening.responses.slice(1) }]) {
      expect(proofsHold(dealer.sid, 2, { ...opening, ...missing })).toBe(false);
    }
  });

  test('D4: an empty list of first messages proves nothing (D-2)', () => {
    const bare = { ...opening, dealing: { ...opening.dealing, nonces: [] } };
    expect(proofsHold(dealer.sid, 2, bare)).toBe(false);
  });

  test('D9: the share of the chain code', () => {
    const { dealing } = opening;
    expect(chainShareHolds(dealer.sid, 2, dealing, mine.chain)).toBe(true);
    expect(chainShareHolds(dealer.sid, 1, dealing, mine.chain)).toBe(false);
    expect(chainShareHolds(elsewhere.sid, 2, dealing, mine.chain)).toBe(false);
    const { value, salt } = mine.chain;
    expect(chainShareHolds(dealer.sid, 2, dealing, { value: salt, salt: value })).toBe(false);
  });

  test('the zero-share seeds', () => {
    for (const to of [1, 3]) {
      const seed = mine.zeroSeeds.get(to);
      const other = mine.zeroSeeds.get(4 - to);
      if (seed === undefined || other === undefined) throw new Error('no seeds');
      expect(zeroSeedHolds(contextOf(to), 2, opening.dealing, seed)).toBe(true);
      expect(zeroSeedHolds(contextOf(to), 2, opening.dealing, other)).toBe(false);
      expect(zeroSeedHolds(contextOf(to, elsewhere), 2, opening.dealing, seed)).toBe(false);
    }
  });

  test('a zero-share seed committed to for one peer is not taken by another, nor from another dealer', () => {
    const seed = mine.zeroSeeds.get(1);
    if (seed === undefined) throw new Error('no seed');
    const [first] = opening.dealing.seedCommitments;
    if (first === undefined) throw new Error('no commitment');
    const repeated = { ...opening.dealing, seedCommitments: [first, first] };
    expect(zeroSeedHolds(contextOf(1), 2, repeated, seed)).toBe(true);
    expect(zeroSeedHolds(contextOf(3), 2, repeated, seed)).toBe(false);
    expect(zeroSeedHolds(contextOf(1), 3, repeated, seed)).toBe(false);
  });
});
