import { backend } from '#backend';
import { describe, expect, test } from 'vitest';
import { randomScalar, type Scalar, scalarFromNumber } from '../src/arith/scalar.ts';
import { mulBase, type Point, sumPoints } from '../src/curve.ts';
import { type ProofContext, proveSchnorr, schnorrNonce, verifySchnorr } from '../src/schnorr.ts';
import { seededRng } from './support/rng.ts';

const rng = seededRng('schnorr');
const bound: ProofContext = { sessionId: rng(32), prover: 2, context: rng(8) };

interface Case {
  readonly bound: ProofContext;
  readonly P: Point;
  readonly A: Point;
  readonly z: Scalar;
}

const make = (): Case => {
  const x = randomScalar(rng);
  const P = mulBase(x);
  const nonce = schnorrNonce(rng);
  return { bound, P, A: nonce.A, z: proveSchnorr(bound, x, P, nonce) };
};

const holds = ({ bound: context, P, A, z }: Case): boolean => verifySchnorr(context, P, A, z);

describe('Schnorr proof', () => {
  test('accepts a hundred honest proofs', () => {
    for (let at = 0; at < 100; at++) expect(holds(make())).toBe(true);
  });

  test('F-2, Z1: rejects another session, prover, context and statement', () => {
    const honest = make();
    const other = make();
    expect(holds({ ...honest, bound: { ...bound, sessionId: rng(32) } })).toBe(false);
    expect(holds({ ...honest, bound: { ...bound, prover: 3 } })).toBe(false);
    expect(holds({ ...honest, bound: { ...bound, context: rng(8) } })).toBe(false);
    expect(holds({ ...honest, P: other.P })).toBe(false);
  });

  test('rejects each field of the proof altered', () => {
    const honest = make();
    const other = make();
    expect(holds({ ...honest, A: other.A })).toBe(false);
    expect(holds({ ...honest, z: other.z })).toBe(false);
    expect(holds({ ...honest, z: scalarFromNumber(1) })).toBe(false);
  });

  test('F-3: rejects a negated statement and a negated first message', () => {
    const honest = make();
    const negated = (point: Point): Point => backend.negate(point);
    expect(holds({ ...honest, P: negated(honest.P) })).toBe(false);
    expect(holds({ ...honest, A: negated(honest.A) })).toBe(false);
  });

  test('D-5: a commitment to C = X − A − B has no proof that verifies', () => {
    const [A, B] = [make(), make()];
    const target = mulBase(randomScalar(rng));
    const rogue = sumPoints([target, A.P, B.P]);
    if (rogue === null) throw new Error('no sum');
    for (const { A: first, z } of [A, B])
      expect(holds({ bound, P: rogue, A: first, z })).toBe(false);
  });
});
