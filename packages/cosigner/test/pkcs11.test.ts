/** A cosigner whose chip is a PKCS#11 token, with a partner whose chip is virtual. */
import { Chip } from '@quorate/holder';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import {
  describeTokens,
  loadModule,
  makeSoftHsm,
} from '../../secure-element/test/support/softhsm.ts';
import { pathsOf } from '../src/files.ts';
import { isBeforeCount } from '../../holder/src/chip/refusals.ts';
import { Vault } from '../src/vault.ts';
import { createCosigner, initCosigner, type LoadedConfig } from '../src/index.ts';
import { writeConfig } from './support/stores.ts';
import { expectSigned, identityOf, makeDirectory, PIN } from './support/tokens.ts';

describeTokens('a token as a cosigner’s chip', () => {
  const softHsm = makeSoftHsm();
  const labels = ['flow', 'used', 'unfinished', 'wrong pin', 'blank', 'reset'];
  for (const label of labels) softHsm.addToken(label, PIN);
  afterAll(() => softHsm.remove());

  const enterprise = (directory: string, token: string, more: object = {}): LoadedConfig =>
    writeConfig(directory, 'enterprise', { identity: identityOf(token), ...more });

  test('a key is made, and signed with after a restart', async () => {
    await expectSigned(makeDirectory(), identityOf('flow'), [1]);
  });

  test('E-1: a token that serves another store is neither taken over nor opened', async () => {
    const [theirs, ours] = [makeDirectory(), makeDirectory()];
    const used = enterprise(theirs, 'used', { partner_keys: {} });
    await initCosigner(used);
    const refused = { code: 'chip/foreign' };
    await expect(initCosigner(enterprise(ours, 'used'))).rejects.toMatchObject(refused);
    expect(existsSync(join(ours, 'enterprise'))).toBe(false);
    await initCosigner(writeConfig(ours, 'enterprise'), { scryptCost: 1024 });
    await expect(createCosigner(enterprise(ours, 'used'))).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('the token used obeys another authority'),
    });
    await expect(createCosigner(enterprise(ours, 'blank'))).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('the token blank is new'),
    });
  });

  test('E-1: a release that meets a token after a reset stays an attempt of unknown outcome; the next is given', async () => {
    const directory = makeDirectory();
    const loaded = enterprise(directory, 'reset');
    await initCosigner(loaded);
    const vault = await Vault.open(loaded, pathsOf(loaded));
    onTestFinished(() => vault.close());
    const name = { recordId: randomBytes(32), address: randomBytes(20) };
    const opener = randomBytes(32);
    await vault.keep(name, opener);
    const module = loadModule();
    const isReset = (at: Buffer): boolean => module.C_GetTokenInfo(at).label.trim() === 'reset';
    const slot = module.C_GetSlotList(true).find(isReset);
    if (slot === undefined) throw new Error('the token is not there');
    const between = vi.spyOn(Chip.prototype, 'challenge').mockImplementationOnce(async function (
      this: Chip,
    ) {
      // The spy is spent: this is the chip's own.
      const bytes = await this.challenge();
      module.C_CloseAllSessions(slot);
      return bytes;
    });
    onTestFinished(() => between.mockRestore());
    const error: unknown = await vault.release(name).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'chip_refused' });
    expect(isBeforeCount(error)).toBe(false);
    const { secret, releaseCount } = await vault.release(name);
    expect(Buffer.from(secret).equals(opener)).toBe(true);
    expect(releaseCount).toBe(1);
  });

  test('an init that did not come to its end after the token was personalised is finished by another', async () => {
    const directory = makeDirectory();
    const loaded = enterprise(directory, 'unfinished');
    await initCosigner(loaded);
    const authority = readFileSync(join(directory, 'enterprise/authority.key'), 'utf8');
    const exported = readFileSync(join(directory, 'enterprise/public.json'), 'utf8');
    for (const name of ['store.json', 'public.json']) rmSync(join(directory, 'enterprise', name));
    await initCosigner(loaded);
    expect(readFileSync(join(directory, 'enterprise/authority.key'), 'utf8')).toBe(authority);
    expect(readFileSync(join(directory, 'enterprise/public.json'), 'utf8')).toBe(exported);
    await expect(initCosigner(loaded)).rejects.toMatchObject({ code: 'store/exists' });
  });

  test('E-6: without its PIN nothing is made, and a wrong PIN is given to the token once', async () => {
    const directory = makeDirectory('00000000');
    const loaded = enterprise(directory, 'wrong pin');
    const wrong = { code: 'chip/wrong-pin' };
    await expect(initCosigner(loaded)).rejects.toMatchObject(wrong);
    await expect(initCosigner(loaded)).rejects.toMatchObject({
      ...wrong,
      message: expect.stringContaining('is not tried again until it is changed'),
    });
    rmSync(join(directory, 'token-pin'));
    await expect(initCosigner(loaded)).rejects.toMatchObject({
      code: 'config/missing',
      message: expect.stringContaining('write the user PIN of the token wrong pin into it'),
    });
    writeFileSync(join(directory, 'token-pin'), PIN, { mode: 0o600 });
    await initCosigner(loaded);
  });
});
