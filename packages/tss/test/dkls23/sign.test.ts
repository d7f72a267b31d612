import { test } from 'vitest';
import { derivePublic } from '../../src/index.ts';
import { encodePoint } from '../../src/curve.ts';
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
