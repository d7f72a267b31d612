import { test } from 'vitest';
import { derivePublic } from '../../src/index.ts';
import { encodePoint } from '../../src/curve.ts';
import { DIGEST, keysharesOf, signSessions } from '../support/parties.ts';
import { outputs, simulate } from '../support/simulate.ts';
import { expectValid } from '../support/verify.ts';

test('a path signs under the BIP32 child key', () => {
  const keyshares = keysharesOf(2, 3);
  const [share] = keyshares.values();
  if (share === undefined) throw new Error('no keyshare');
  const path = [44, 60, 0, 7];
  const child = derivePublic(share.fields.publicKey, share.chainCode, path);
  const [signature] = outputs(simulate(signSessions(keyshares, [1, 3], { path }))).values();
  if (signature === undefined) throw new Error('no signature');
  expectValid(signature, DIGEST, encodePoint(child.publicKey));
});
