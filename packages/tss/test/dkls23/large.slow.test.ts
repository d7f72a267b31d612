import { expect, test } from 'vitest';
import { keysharesOf, signSessions } from '../support/parties.ts';
import { outputs, simulate } from '../support/simulate.ts';

test('a 32-of-32 key is generated and signs', { timeout: 1_800_000 }, () => {
  const keyshares = keysharesOf(32, 32);
  const signers = [...keyshares.keys()];
  const signatures = [...outputs(simulate(signSessions(keyshares, signers))).values()];
  expect(new Set(signatures.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(1);
});
