import { afterAll, test } from 'vitest';
import { describeTokens, makeSoftHsm } from '../../secure-element/test/support/softhsm.ts';
import { expectSigned, identityOf, makeDirectory, PIN } from './support/tokens.ts';

describeTokens('a token as a cosigner’s chip', () => {
  const softHsm = makeSoftHsm();
  softHsm.addToken('refreshed', PIN);
  afterAll(() => softHsm.remove());

  test('a key is made, signed with after a restart, and refreshed', async () => {
    await expectSigned(makeDirectory(), identityOf('refreshed'), [1, 2]);
  });
});
