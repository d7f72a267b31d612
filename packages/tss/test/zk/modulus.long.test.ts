import { expect, test } from 'vitest';
import { proveMod, verifyMod } from '../../src/zk/modulus.ts';
import { PARAMETERS } from '../../src/zk/parameters.ts';
import { seededRng } from '../support/rng.ts';
import { contexts, fixturePaillier } from './setup.ts';

const rng = seededRng('mod');
const set = PARAMETERS[2048];
const { bound } = contexts(rng);

test('the 3072-bit set proves and verifies', () => {
  const big = PARAMETERS[3072];
  const key = fixturePaillier(3072, 0);
  const claim = { N: key.public.N };
  const proof = proveMod(bound, big, claim, key, rng);
  expect(verifyMod(bound, big, claim, proof)).toBe(true);
  expect(verifyMod(bound, set, claim, proof)).toBe(false);
});
