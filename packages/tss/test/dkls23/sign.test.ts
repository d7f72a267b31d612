import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { derivePublic } from '../../src/index.ts';
import { encodePoint } from '../../src/curve.ts';
import { DIGEST, keysharesOf, signSessions } from '../support/parties.ts';
import { outputs, simulate, subsets } from '../support/simulate.ts';
import { expectValid, opensslAccepts, publicKeyOf } from '../support/verify.ts';

const pairs = [2, 3, 4, 5].flatMap((n) =>
  Array.from({ length: n - 1 }, (_, at) => [at + 2, n] as const),
);

describe.each(pairs)('%i-of-%i key', (threshold, parties) => {
  test('every signer set of at least threshold parties signs, and outsiders verify', () => {
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
});

test('a 7-of-12 key signs with indices in numeric order (J-5)', () => {
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
