/** A participant whose chip is a PKCS#11 token. */
import { cpSync, rmSync } from 'node:fs';
import { fromHex, recoverAddress } from '@quorate/intent';
import { openSecureElement, type SecureElement } from '@quorate/secure-element';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { describeTokens, makeSoftHsm, MODULE } from '../../secure-element/test/support/softhsm.ts';
import { DATA, PIN, startCluster } from './support/cluster.ts';

describeTokens('a token as one participant’s chip', () => {
  const store = makeSoftHsm();
  store.addToken('alice', PIN.toString());
  afterAll(() => store.remove());
  const chips = {
    alice: (): Promise<SecureElement> =>
      openSecureElement({ kind: 'pkcs11', module: MODULE, token: 'alice' }),
  };

  test('a key is made, signed with, signed with after a restart, and destroyed with a token among virtual chips', async () => {
    const cluster = await startCluster(['alice', 'bob', 'carl'], { chips }, onTestFinished);
    const address = await cluster.keygen('token-keygen');
    for (const [session, people] of [
      ['token-sign-1', ['alice', 'bob']],
      ['token-sign-2', ['alice', 'carl']],
    ] as const) {
      const signature = await cluster.sign(session, address, [...people]);
      expect(recoverAddress(fromHex(DATA), fromHex(signature.slice(2)))).toBe(address);
      await cluster.restart(cluster.member('alice'));
    }
    await cluster.member('alice').agent.close();
    const element = await chips.alice();
    await element.verifyPin(PIN);
    expect(await element.info()).toMatchObject({ used: 1, pinTriesLeft: 3 });
    await element.close();
    await cluster.start(cluster.member('alice'));
    await cluster.destroy('token-destroy', address);
    await cluster.member('alice').agent.close();
    const after = await chips.alice();
    await after.verifyPin(PIN);
    expect((await after.info()).used).toBe(0);
    await after.close();
  });

  test('E-1: a token whose objects are all put back to yesterday is noticed by the agent’s own count', async () => {
    store.addToken('dora', PIN.toString());
    const dora = (): Promise<SecureElement> =>
      openSecureElement({ kind: 'pkcs11', module: MODULE, token: 'dora' });
    const cluster = await startCluster(['dora', 'emil'], { chips: { dora } }, onTestFinished);
    const address = await cluster.keygen('rollback-keygen');
    const member = cluster.member('dora');
    await member.agent.close();
    const yesterday = `${store.tokens}.yesterday`;
    cpSync(store.tokens, yesterday, { recursive: true });
    await cluster.start(member);
    await cluster.sign('rollback-sign', address, ['dora', 'emil']);
    await member.agent.close();
    rmSync(store.tokens, { recursive: true });
    cpSync(yesterday, store.tokens, { recursive: true });
    await expect(cluster.start(member)).rejects.toMatchObject({ code: 'chip/rolled-back' });
  });
});
