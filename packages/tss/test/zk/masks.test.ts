import { expect, test } from 'vitest';
import { G } from '../../src/curve.ts';
import { encrypt } from '../../src/paillier.ts';
import type { Rng } from '../../src/rng.ts';
import { drawMasks } from '../../src/zk/affGNonce.ts';
import { proveFac } from '../../src/zk/factors.ts';
import { proveLogStar } from '../../src/zk/logStar.ts';
import { PARAMETERS } from '../../src/zk/parameters.ts';
import { contexts, fixturePaillier, fixturePedersen } from './setup.ts';

// The largest draw shows the set that a mask comes from: one out of a smaller set would not hide its witness.

const largest: Rng = (length) => new Uint8Array(length).fill(0xff);
const set = PARAMETERS[2048];
const sk = fixturePaillier(2048, 0);
const { N } = sk.public;
const aux = fixturePedersen(2048, 1).public;
const { bound } = contexts(largest);
const top = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

test('L-7: every mask of Π^aff-g is drawn from the whole set that zk.md §9 names', () => {
  const C = encrypt(sk.public, 1n, 2n);
  const { alpha, beta, gamma, delta, m, mu } = drawMasks(set, { N, C, aux }, largest);
  expect({ alpha, beta, gamma, delta, m, mu }).toEqual({
    alpha: top(256 + 512),
    beta: top(1280 + 512),
    gamma: top(256 + 512 + 2048),
    delta: top(256 + 512 + 2048),
    m: top(256 + 2048),
    mu: top(256 + 2048),
  });
});

test('L-7: so are those of Π^log* and Π^fac, as their responses show', () => {
  const statement = { N, C: encrypt(sk.public, 1n, 2n), X: G, aux };
  const { z1, z3 } = proveLogStar(bound, set, statement, { x: 1n, rho: 2n }, largest);
  // The response is mask + e·witness with a challenge e below 2^256.
  expect(z1 - top(256 + 512) > 0n && z1 - top(256 + 512) < 1n << 256n).toBe(true);
  expect(z3 >= top(256 + 512 + 2048)).toBe(true);
  const { p, q } = sk;
  const proof = proveFac(bound, set, { N, aux }, { p, q }, largest);
  expect([proof.z1, proof.z2].every((z) => z >= top(256 + 512 + 1024))).toBe(true);
  expect([proof.w1, proof.w2].every((w) => w >= top(256 + 512 + 2048))).toBe(true);
  expect(proof.sigma).toBe(top(256 + 2 * 2048));
});
