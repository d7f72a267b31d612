/** A participant whose chip is a PKCS#11 token. */
import { silentLogger } from '@quorate/holder';
import { createECDH } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { fromHex, recoverAddress } from '@quorate/intent';
import { openSecureElement, type SecureElement } from '@quorate/secure-element';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import {
  describeTokens,
  makeSoftHsm,
  MODULE,
} from '../../../secure-element/test/support/softhsm.ts';
import { parseAgentConfig } from '../../src/config.ts';
import { chipFromConfig } from '../../src/chip/chipFromConfig.ts';
import { DATA, PIN, startCluster } from '../support/cluster.ts';

describeTokens('a token as one participant’s chip', () => {
  const store = makeSoftHsm();
  for (const label of ['alice', 'zoe']) store.addToken(label, PIN.toString());
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
    expect(await element.info()).toMatchObject({ used: 1, pinTriesLeft: null });
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

  test('E-9: a token in the place of the pinned one is refused when it is opened, and the pinned one is taken', async () => {
    const ecdh = createECDH('prime256v1');
    const element = await openSecureElement({ kind: 'pkcs11', module: MODULE, token: 'zoe' });
    await element.personalise(new Uint8Array(ecdh.generateKeys()), PIN);
    const pinned = await element.publicKey();
    await element.close();
    const chip = `{ kind: pkcs11, module: ${MODULE}, token: zoe }`;
    const text = `url: wss://localhost/ws\nusername: zoe\napproval: auto\nchip: ${chip}\n`;
    const config = parseAgentConfig(text);
    const opening = (key: Uint8Array): Promise<SecureElement> =>
      chipFromConfig('/', config, { logger: silentLogger, pinned: key });
    await expect(opening(new Uint8Array(ecdh.getPublicKey()))).rejects.toMatchObject({
      code: 'roster/refused',
      cause: { code: 'wrong-chip' },
    });
    const own = await opening(pinned);
    expect(await own.publicKey()).toEqual(pinned);
    await own.close();
  });
});
