import { expect, test, vi } from 'vitest';
import { scalarFromNumber } from '../../src/arith/scalar.ts';
import { G } from '../../src/curve.ts';
import { digestScalar } from '../../src/digest.ts';
import { integerOf } from '../../src/lindell17/numbers.ts';
import { makePartial } from '../../src/lindell17/partial.ts';
import { decrypt } from '../../src/paillier.ts';
import { nonceImage } from '../../src/signature.ts';
import { type AffGProof, proveAffG } from '../../src/zk/affG.ts';
import { AffGNonce, type AffGMasks } from '../../src/zk/affGNonce.ts';
import { DIGEST } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { frozenShares } from '../support/twoParty.ts';
import { Q } from './evil.ts';

vi.mock('../../src/zk/affG.ts', async (original) => ({
  ...(await original<typeof import('../../src/zk/affG.ts')>()),
  proveAffG: vi.fn(() => ({}) as AffGProof),
}));

const RUNS = 1000;

test('L-4: what P1 decrypts hides P2’s share: a and b are reduced, and ⌊v/q⌋ is uniform in 2^1024', () => {
  const [first, second] = frozenShares();
  const { N, encryptedShare: C, pedersen: aux } = second.fields;
  const image = nonceImage(G);
  if (image === null) throw new Error('r is zero');
  const m = digestScalar(DIGEST);
  const publicKey = second.fields.publicKey;
  const tweak = scalarFromNumber(0);
  const statement = { sid: DIGEST, epoch: 0, digest: DIGEST, m, publicKey, tweak };
  const x1 = integerOf(first.fields.secretShare);
  const rng = seededRng('masks');
  const counts = Array.from({ length: 256 }, () => 0);
  const secret = first.paillierSecret();
  for (let run = 0; run < RUNS; run++) {
    const noise = { rho: 1n, power: 1n }; // hides nothing, which is not what is looked at here
    const nonce = new AffGNonce({ N, C, aux }, noise, {} as AffGMasks);
    const ephemeral = { k: scalarFromNumber(run + 2), base: G, image };
    const { D } = makePartial(second, statement, ephemeral, nonce, rng);
    const [, , , witness] = vi.mocked(proveAffG).mock.lastCall ?? [];
    if (witness === undefined) throw new Error('not proved');
    const { a, b } = witness;
    expect(a > 0n && a < Q && b >= 0n && b < (1n << 1280n) + (1n << 256n)).toBe(true);
    const v = a * x1 + b;
    if (run % 20 === 0) expect(decrypt(secret, D)).toBe(v);
    const top = Number((v / Q) >> 1016n);
    counts[top] = (counts[top] ?? 0) + 1;
  }
  const expected = RUNS / 256;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(counts.every((count) => count < 256)).toBe(true);
  expect(chiSquare).toBeGreaterThan(150); // 255 degrees of freedom: 255 ± 23
  expect(chiSquare).toBeLessThan(360);
});
