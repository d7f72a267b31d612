import { afterAll, describe } from 'vitest';
import { complianceSuite } from './support/complianceSuite.ts';
import { canTestTokens } from './support/softhsm.ts';
import { makeTokens } from './support/tokenHarness.ts';

describe.runIf(canTestTokens())('contract 1.6', () => {
  const { factory, remove } = makeTokens(48);
  afterAll(remove);
  complianceSuite('PKCS#11 token', factory, { ownsPin: false });
});
