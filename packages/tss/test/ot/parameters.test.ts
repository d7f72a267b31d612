import { expect, test } from 'vitest';
import * as parameters from '../../src/ot/parameters.ts';

test('O-15, F-9: parameters have the settled values, statistical security counts as computational', () => {
  expect(parameters).toMatchObject({
    KAPPA: 256,
    BASE_OTS: 128,
    STATISTICAL: 128,
    FIELD_BITS: 128,
    XI: 512,
    ROW_BITS: 640,
    DEPTH: 4,
    TREES: 32,
    LEAVES: 16,
    INPUTS: 2,
    CHECKS: 1,
    WIDTH: 3,
    SEED_BYTES: 16,
  });
  expect(parameters.XI).toBe(parameters.KAPPA + 2 * parameters.STATISTICAL);
  expect(parameters.WIDTH).toBe(parameters.INPUTS + parameters.CHECKS);
  expect(Math.min(parameters.STATISTICAL, parameters.FIELD_BITS)).toBeGreaterThanOrEqual(128);
});

test('messages and kept state have the sizes of the specification', () => {
  expect(parameters.BASE_OT_POINTS * 33).toBe(8448);
  expect(parameters.PPRF_BYTES).toBe(5120);
  expect(parameters.EXTENSION_BYTES).toBe(4624);
  expect(parameters.RVOLE_BYTES).toBe(49_216);
  expect(parameters.BUILDER_SEED_BYTES + parameters.EVALUATOR_SEED_BYTES).toBe(3072);
});
