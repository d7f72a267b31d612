import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import { randomBelow } from '../../src/arith/integers.ts';
import { PARAMETERS } from '../../src/zk/parameters.ts';
import {
  prmChallenge,
  type PrmProof,
  prmProofField,
  provePrm,
  verifyPrm,
} from '../../src/zk/ringPedersen.ts';
import { seededRng } from '../support/rng.ts';
import { contexts, fixturePaillier, fixturePedersen } from './setup.ts';
import { proofSuite } from './suite.ts';

const rng = seededRng('prm');
const set = PARAMETERS[2048];
const ring = fixturePedersen(2048, 1);
const statement = ring.public;
const { N, s, t } = statement;
const { bound, others } = contexts(rng);
const prove = (): PrmProof => provePrm(bound, set, statement, ring, rng);

proofSuite({
  name: 'Π^prm',
  bound,
  others,
  statement,
  statements: {
    Ñ: { ...statement, N: fixturePaillier(2048, 2).public.N },
    's and t, swapped': { N, s: t, t: s },
    s: { ...statement, s: (s * t) % N },
    t: { ...statement, t: (t * t) % N },
  },
  prove,
  verify: (context, claim, proof) => verifyPrm(context, set, claim, proof),
  field: prmProofField(set),
  runs: 2,
  N,
  shifts: { '.z': ring.phi * 4n },
  units: {},
});

/** Answers for an s outside of ⟨t⟩: A is fitted to a guess of every challenge bit. */
const guessing = (claim: typeof statement, guess: (at: number) => boolean): PrmProof => {
  const z = Array.from({ length: set.rounds }, () => randomBelow(rng, N));
  const inverse = backend.modPowPublic(claim.s, ring.phi - 1n, N);
  const A = z.map((value, at) => {
    const power = backend.modPowPublic(t, value, N); // A = t^z·s^−e
    return guess(at) ? (power * inverse) % N : power;
  });
  return { A, z };
};

describe('Π^prm for parameters without λ', () => {
  const claim = { N, s: N - s, t }; // −1 is no power of a square
  const proof = guessing(claim, (at) => at % 2 === 1);

  test('P-4, P-5: answers fitted to guessed challenges are rejected', () => {
    expect(verifyPrm(bound, set, claim, proof)).toBe(false);
    // Each repetition catches half of the guesses: a grinder of 20 repetitions would get through.
    const e = prmChallenge(bound, set, claim, proof.A);
    const right = e.filter((bit, at) => bit === (at % 2 === 1)).length;
    expect(right).toBeGreaterThan(30);
    expect(right).toBeLessThan(98);
  });

  test('P-5: 20 repetitions ground to fit are refused for their number, and with junk behind them', () => {
    // Ground without hashing: the first 20 guesses are set to what the challenge will be, for one draw of A.
    const e = prmChallenge(bound, set, claim, proof.A);
    const fitted = guessing(claim, (at) => e[at] === true);
    const short = { A: fitted.A.slice(0, 20), z: fitted.z.slice(0, 20) };
    expect(verifyPrm(bound, set, claim, short)).toBe(false);
    expect(verifyPrm(bound, set, claim, fitted)).toBe(false);
    const one = { A: fitted.A.slice(0, 1), z: fitted.z.slice(0, 1) };
    expect(verifyPrm(bound, set, claim, one)).toBe(false);
  });
});

test('P-5: a prover that fits the first 4 challenge bits by grinding is still rejected', () => {
  const claim = { N, s: N - s, t };
  const fits = (proof: PrmProof): boolean =>
    prmChallenge(bound, set, claim, proof.A)
      .slice(0, 4)
      .every((bit, at) => bit === (at % 2 === 1));
  const guessed = guessing(claim, (at) => at % 2 === 1);
  let { A, z } = guessed;
  for (let nudge = 1n; !fits({ A, z }); nudge++) {
    // Another last pair: a new challenge for the price of one power.
    const value = (guessed.z[127] ?? 0n) + nudge;
    z = [...z.slice(0, 127), value];
    const last =
      backend.modPowPublic(t, value, N) * backend.modPowPublic(claim.s, ring.phi - 1n, N);
    A = [...A.slice(0, 127), last % N];
  }
  expect(verifyPrm(bound, set, claim, { A, z })).toBe(false);
});

describe('Π^prm parameters', () => {
  test('Z3, P-6: 128 repetitions, one bit of challenge each, different between runs', () => {
    const one = prove();
    const e = prmChallenge(bound, set, statement, one.A);
    expect(e).toHaveLength(128);
    expect(new Set(e)).toEqual(new Set([true, false]));
    expect(prmChallenge(bound, set, statement, prove().A)).not.toEqual(e);
  });

  test('P-6: no proof in a group of secret order takes a large challenge from this one', () => {
    const source = readFileSync(new URL('../../src/zk/ringPedersen.ts', import.meta.url), 'utf8');
    expect(source).not.toContain('challengeNumber');
  });

  test('P-4: s or t that is 0, or shares a factor with Ñ, is rejected whatever the proof', () => {
    const [p] = [fixturePaillier(2048, 1).p];
    const honest = prove();
    for (const bad of [0n, p, p * 2n, N]) {
      expect(verifyPrm(bound, set, { ...statement, s: bad }, honest)).toBe(false);
      expect(verifyPrm(bound, set, { ...statement, t: bad }, honest)).toBe(false);
    }
    const zeros = { A: honest.A.map(() => 0n), z: honest.z };
    expect(verifyPrm(bound, set, { ...statement, t: 0n, s: 0n }, zeros)).toBe(false);
  });
});
