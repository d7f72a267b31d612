import { afterAll } from 'vitest';
import { complianceSuite } from '../support/complianceSuite.ts';
import { describeTokens } from '../support/softhsm.ts';
import { makeTokens } from '../support/tokenHarness.ts';

describeTokens('contract 1.6', () => {
  const { factory, remove } = makeTokens(48);
  afterAll(remove);
  complianceSuite('PKCS#11 token', factory, { ownsPin: false, fuzz: 0.2 });
});
