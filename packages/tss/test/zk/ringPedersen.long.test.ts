import { expect, test } from 'vitest';
import { PARAMETERS } from '../../src/zk/parameters.ts';
import { provePrm, verifyPrm } from '../../src/zk/ringPedersen.ts';
import { seededRng } from '../support/rng.ts';
import { contexts, fixturePedersen } from './setup.ts';

const rng = seededRng('prm');
const set = PARAMETERS[2048];
const { bound } = contexts(rng);

test('the 3072-bit set proves and verifies', () => {
  const big = PARAMETERS[3072];
  const other = fixturePedersen(3072, 1);
  const proof = provePrm(bound, big, other.public, other, rng);
  expect(verifyPrm(bound, big, other.public, proof)).toBe(true);
  expect(verifyPrm(bound, set, other.public, proof)).toBe(false);
});
