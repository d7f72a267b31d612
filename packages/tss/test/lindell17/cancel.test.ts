import { expect, test } from 'vitest';
import { naturalFromBytes, naturalToBytes } from '../../src/arith/integers.ts';
import { Q, randomScalar } from '../../src/arith/scalar.ts';
import { twoPartyKeygen, twoPartyRefresh } from '../../src/lindell17/index.ts';
import type { Rng } from '../../src/rng.ts';
import { rememberPowers } from '../support/memo.ts';
import { seededRng } from '../support/rng.ts';
import { simulate } from '../support/simulate.ts';
import {
  frozenShares,
  keygenParameters,
  keygenSessions,
  refreshParameters,
  refreshSessions,
} from '../support/twoParty.ts';

rememberPowers();

/** Randomness whose first scalar is the negative of the one that P1's randomness begins with. */
function negated(seedOfP1: string, seed: string): Rng {
  const first = naturalToBytes(Q - naturalFromBytes(randomScalar(seededRng(seedOfP1))), 48);
  const rest = seededRng(seed);
  let drawn = false;
  return (length) => {
    if (drawn || length !== 48) return rest(length);
    drawn = true;
    return first;
  };
}

const degenerate = { status: 'aborted', reason: 'invalid-share', culprits: [], keyUnsafe: null };

test('D-3, D6: shares that cancel give no key', () => {
  const sessions = keygenSessions();
  const rng = negated('two-party/keygen/P1', 'cancel');
  sessions.set(2, twoPartyKeygen({ ...keygenParameters('P2'), rng }));
  expect(simulate(sessions).outcomes.get(2)).toMatchObject(degenerate);
});

test('D-3: a coin of zero refreshes nothing', () => {
  const shares = frozenShares();
  const sessions = refreshSessions(shares);
  const rng = negated('two-party/refresh/1/P1', 'cancel');
  sessions.set(2, twoPartyRefresh({ ...refreshParameters(shares[1]), rng }));
  const { outcomes } = simulate(sessions);
  expect([outcomes.get(1), outcomes.get(2)]).toMatchObject([degenerate, degenerate]);
});
