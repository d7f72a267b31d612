import { test } from 'vitest';
import { DIGEST, keysharesOf, signSessions } from '../support/parties.ts';
import { outputs, simulate } from '../support/simulate.ts';
import { expectValid, publicKeyOf } from '../support/verify.ts';

test('a 7-of-12 key signs with indices in numeric order (J-5)', { timeout: 600_000 }, () => {
  const keyshares = keysharesOf(7, 12);
  const signers = [2, 3, 5, 8, 10, 11, 12];
  const [signature] = outputs(simulate(signSessions(keyshares, signers))).values();
  if (signature === undefined) throw new Error('no signature');
  expectValid(signature, DIGEST, publicKeyOf(keyshares));
});
