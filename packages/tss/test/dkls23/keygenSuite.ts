import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { addScalars, mulScalars } from '../../src/arith/scalar.ts';
import { mulBase, pointEquals } from '../../src/curve.ts';
import type { Keyshare } from '../../src/dkls23/index.ts';
import { lagrange } from '../../src/polynomial.ts';
import { keysharesOf, signSessions } from '../support/parties.ts';
import { outputs, simulate, subsets } from '../support/simulate.ts';
import { expectValid, opensslAccepts, publicKeyOf } from '../support/verify.ts';

/** The expected result of every key generation of that size. */
export function keygenSuite(threshold: number, parties: number): void {
  const shares = (): Keyshare[] => [...keysharesOf(threshold, parties).values()];

  test('gives every party the same key, chain code, public shares and key id', () => {
    const [first, ...others] = shares();
    for (const share of others) {
      expect(share.publicKey).toEqual(first?.publicKey);
      expect(share.chainCode).toEqual(first?.chainCode);
      expect(share.keyId).toEqual(first?.keyId);
      expect(share.fields.publicShares).toEqual(first?.fields.publicShares);
    }
  });

  test('gives shares of which threshold many interpolate to the key, and one fewer do not', () => {
    const chosen = shares().slice(-threshold);
    const secretOf = (some: readonly Keyshare[]) => {
      const signers = some.map(({ index }) => index);
      return addScalars(
        ...some.map(({ index, fields }) =>
          mulScalars(lagrange(signers, index), fields.secretShare),
        ),
      );
    };
    const [first] = chosen;
    if (first === undefined) throw new Error('no shares');
    expect(pointEquals(mulBase(secretOf(chosen)), first.fields.publicKey)).toBe(true);
    expect(pointEquals(mulBase(secretOf(chosen.slice(1))), first.fields.publicKey)).toBe(false);
  });

  test('gives every pair equal zero seeds and matching halves of oblivious transfer', () => {
    for (const mine of shares()) {
      for (const theirs of shares()) {
        if (mine === theirs) continue;
        const [here, there] = [mine.pairWith(theirs.index), theirs.pairWith(mine.index)];
        expect(here.zeroSeed).toEqual(there.zeroSeed);
        expect(here.builder.sid).toEqual(there.evaluator.sid);
        expect(here.builder.sid).not.toEqual(here.evaluator.sid);
      }
    }
  });

  test('gives a key with which every set of at least threshold parties signs, and outsiders verify', () => {
    const keyshares = keysharesOf(threshold, parties);
    for (const signers of subsets(parties, threshold)) {
      const message = new TextEncoder().encode(signers.join());
      const digest = new Uint8Array(createHash('sha256').update(message).digest());
      const run = simulate(signSessions(keyshares, signers, { digest, seed: signers.join() }));
      const signatures = [...outputs(run).values()];
      const [first] = signatures;
      for (const signature of signatures) expect(signature.bytes).toEqual(first?.bytes);
      if (first === undefined) throw new Error('no signature');
      expectValid(first, digest, publicKeyOf(keyshares));
      expect(opensslAccepts(first.bytes.slice(0, 64), message, publicKeyOf(keyshares))).toBe(true);
    }
  });
}
