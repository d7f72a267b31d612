import { describe, expect, test } from 'vitest';
import { addScalars, negateScalar, type Scalar, scalarFromNumber } from '../../src/arith/scalar.ts';
import { G, mulBase, pointEquals } from '../../src/curve.ts';
import {
  acknowledgement,
  combine,
  confirm,
  confirmationHolds,
  sameTranscript,
  shareHolds,
} from '../../src/dkls23/combine.ts';
import type { KeygenOpening } from '../../src/dkls23/messages.ts';
import { AbortError } from '../../src/index.ts';
import { evaluate, inExponent, type Polynomial, samplePolynomial } from '../../src/polynomial.ts';
import { Secrets } from '../../src/secrets.ts';
import { seededRng } from '../support/rng.ts';

const rng = seededRng('combine');
const PARTIES = 4;
const context = {
  sid: rng(32),
  threshold: 3,
  parties: PARTIES,
  index: 2,
  peers: [1, 3, 4],
  rng,
  secrets: new Secrets(),
};

const openingOf = (f: Polynomial): KeygenOpening => ({
  salt: rng(32),
  dealing: {
    coefficients: inExponent(f),
    nonces: inExponent(f),
    chainCommitment: rng(32),
    seedCommitments: [rng(32), rng(32), rng(32)],
  },
  responses: f,
});

const commitments = [rng(32), rng(32), rng(32), rng(32)];
const chain = [rng(32), rng(32), rng(32), rng(32)];
const dealt = (coefficients: number): Polynomial[] =>
  Array.from({ length: PARTIES }, () => samplePolynomial(coefficients, rng));
const sharesOf = (polynomials: readonly Polynomial[]): Scalar[] =>
  polynomials.map((f) => evaluate(f, context.index));

const honest = dealt(3);
const openings = honest.map(openingOf);
const shares = sharesOf(honest);

const abortOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(AbortError);
    return error;
  }
  throw new Error('went through');
};
const degenerate = { reason: 'invalid-share', culprits: [], bans: [] };

describe('the sum of the dealings', () => {
  test('is a key with the shares of all', () => {
    const key = combine(context, openings, commitments, shares, chain);
    const constants = addScalars(...honest.flatMap((f) => f.slice(0, 1)));
    expect(pointEquals(key.publicKey, mulBase(constants))).toBe(true);
    expect(key.publicShares).toHaveLength(PARTIES);
    expect(key.secretShare).toEqual(addScalars(...shares));
  });

  test('D5: refuses an own share that is not the sum', () => {
    const [share, ...rest] = shares;
    if (share === undefined) throw new Error('no share');
    const wrong = [addScalars(share, scalarFromNumber(1)), ...rest];
    expect(abortOf(() => combine(context, openings, commitments, wrong, chain))).toMatchObject({
      ...degenerate,
      message: expect.stringContaining('own share'),
    });
  });

  test('D-3: refuses an own share of zero', () => {
    const sum = addScalars(...shares.slice(1));
    const zero = [negateScalar(sum), ...shares.slice(1)];
    expect(abortOf(() => combine(context, openings, commitments, zero, chain))).toMatchObject({
      ...degenerate,
      message: expect.stringContaining('degenerate'),
    });
  });

  test('D8, D-1: refuses dealings of a higher degree, which every window of t shares shows', () => {
    const long = dealt(4);
    const wrong = () => combine(context, long.map(openingOf), commitments, sharesOf(long), chain);
    expect(abortOf(wrong)).toMatchObject({
      ...degenerate,
      message: expect.stringContaining('interpolate'),
    });
  });

  test('D8: refuses a higher degree that the first window cannot show', () => {
    // x·(x−1)·(x−2)·(x−3) is zero at 0, 1, 2 and 3: only the window 2, 3, 4 differs.
    const bend = [0, -6, 11, -6, 1].map((n) =>
      n < 0 ? negateScalar(scalarFromNumber(-n)) : scalarFromNumber(n),
    );
    const [f = []] = honest;
    const one = samplePolynomial(5, rng);
    const other = one.map((c, k) => {
      const bent = addScalars(f[k] ?? scalarFromNumber(0), bend[k] ?? scalarFromNumber(0));
      return addScalars(bent, negateScalar(c));
    });
    const both = [one, other];
    const wrong = () => combine(context, both.map(openingOf), commitments, sharesOf(both), chain);
    expect(abortOf(wrong)).toMatchObject({
      ...degenerate,
      message: expect.stringContaining('interpolate'),
    });
  });

  test('D9: gives another chain code for each share of it, and their order', () => {
    const codeOf = (some: readonly Uint8Array[]): string =>
      String(combine(context, openings, commitments, shares, some).chainCode);
    const all = [chain, chain.toReversed(), ...chain.map((_, at) => chain.with(at, rng(32)))];
    expect(new Set(all.map(codeOf)).size).toBe(all.length);
  });
});

test('D5: a share holds for its recipient and its dealing only', () => {
  const [F, other] = honest.map(inExponent);
  const [share, next] = shares;
  if (!F || !other || !share || !next) throw new Error('no dealings');
  expect(shareHolds(2, F, share)).toBe(true);
  expect(shareHolds(3, F, share)).toBe(false);
  expect(shareHolds(2, other, share)).toBe(false);
  expect(shareHolds(2, F, next)).toBe(false);
});

describe('D7: a confirmation', () => {
  const key = combine(context, openings, commitments, shares, chain);
  const proof = confirm(context, key, rng);
  const { sid, index } = context;

  test('holds for its key, session and party', () => {
    expect(confirmationHolds(sid, index, key, proof)).toBe(true);
    expect(sameTranscript(key, proof)).toBe(true);
  });

  test.each([
    ['session', confirmationHolds(rng(32), index, key, proof)],
    ['party', confirmationHolds(sid, 3, key, proof)],
    ['chain code', confirmationHolds(sid, index, { ...key, chainCode: rng(32) }, proof)],
    ['key', confirmationHolds(sid, index, { ...key, publicKey: G }, proof)],
    [
      'key, said alike',
      confirmationHolds(sid, index, { ...key, publicKey: G }, { ...proof, publicKey: G }),
    ],
    ['key, said', confirmationHolds(sid, index, key, { ...proof, publicKey: G })],
    ['share, said', confirmationHolds(sid, index, key, { ...proof, publicShare: G })],
    ['transcript', sameTranscript(key, { ...proof, transcript: rng(32) })],
  ])('F-2: does not hold for another %s', (_, holds) => {
    expect(holds).toBe(false);
  });

  test('the transcript is another for each opening and commitment', () => {
    const changed = openings.flatMap((one, at) =>
      [
        { ...one, salt: rng(32) },
        { ...one, dealing: { ...one.dealing, chainCommitment: rng(32) } },
        { ...one, dealing: { ...one.dealing, seedCommitments: [rng(32), rng(32), rng(32)] } },
        { ...one, dealing: { ...one.dealing, nonces: one.dealing.nonces.toReversed() } },
        { ...one, responses: one.responses.toReversed() },
      ].map((other) => openings.with(at, other)),
    );
    const transcripts = [
      ...[openings, ...changed].map((some) => combine(context, some, commitments, shares, chain)),
      combine(context, openings, commitments.toReversed(), shares, chain),
    ].map(({ transcript }) => String(transcript));
    expect(new Set(transcripts).size).toBe(changed.length + 2);
  });

  test('D11: the acknowledgement is another for each thing that all must have in common', () => {
    const again = confirm(context, key, rng);
    const all = [
      acknowledgement(sid, key, [proof]),
      acknowledgement(rng(32), key, [proof]),
      acknowledgement(sid, { ...key, transcript: rng(32) }, [proof]),
      acknowledgement(sid, { ...key, publicKey: G }, [proof]),
      acknowledgement(sid, { ...key, chainCode: rng(32) }, [proof]),
      acknowledgement(sid, { ...key, publicShares: key.publicShares.toReversed() }, [proof]),
      acknowledgement(sid, key, [again]),
      acknowledgement(sid, key, [proof, again]),
    ].map(String);
    expect(new Set(all).size).toBe(all.length);
  });
});
