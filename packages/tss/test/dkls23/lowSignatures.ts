import { expect } from 'vitest';
import { isHighScalar, scalarFromBytes, scalarFromNumber } from '../../src/arith/scalar.ts';
import { keysharesOf, signSessions } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { outputs, simulate } from '../support/simulate.ts';
import { expectValid, publicKeyOf } from '../support/verify.ts';

/** Makes so many signatures; each has a low s and a recovery id that leads back to the key, of both parities. */
export function expectLowSignatures(count: number): void {
  const keyshares = keysharesOf(2, 2);
  const rng = seededRng('many');
  const parities = new Set<number>();
  for (let at = 0; at < count; at++) {
    const digest = rng(32);
    const run = simulate(signSessions(keyshares, [1, 2], { digest, seed: `many/${at}` }));
    const [signature] = outputs(run).values();
    if (signature === undefined) throw new Error('no signature');
    expectValid(signature, digest, publicKeyOf(keyshares));
    expect(isHighScalar(scalarFromBytes(signature.s) ?? scalarFromNumber(0))).toBe(false);
    parities.add(signature.recovery);
  }
  expect(parities).toEqual(new Set([0, 1]));
}
