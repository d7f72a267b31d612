import { expect, test } from 'vitest';
import { rememberPowers } from '../support/memo.ts';
import { outputs, simulate } from '../support/simulate.ts';
import { both, frozenShares, refreshed, signSessions } from '../support/twoParty.ts';
import { verifies } from './verify.ts';

rememberPowers();

test('L-12, C.3: twenty refreshes one after the other, then a signature', {
  timeout: 600_000,
}, () => {
  const shares = refreshed(20);
  expect(shares.map(({ epoch }) => epoch)).toEqual([20, 20]);
  const [signature] = both(outputs(simulate(signSessions(shares))));
  expect(verifies(signature, frozenShares()[0].publicKey)).toBe(true);
});
