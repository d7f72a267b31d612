/** Tokens as the product opens them: through the module's thread. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, afterEach, expect, test } from 'vitest';
import { failure } from '../support/failure.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import {
  listTokens,
  openSecureElement,
  type Pkcs11Attachment,
  type SecureElement,
  SecureElementError,
} from '../../src/index.ts';
import { CKF, CKM } from '../../src/pkcs11/constants.ts';
import { checkMechanisms } from '../../src/pkcs11/host.ts';
import { tokenCplc } from '../../src/pkcs11/naming.ts';
import { authorisation, makeAuthority, PIN } from '../support/host.ts';
import { binding, describeTokens, makeSoftHsm, MODULE } from '../support/softhsm.ts';

/** Softokn of NSS, where it is installed. */
const NSS = ['/usr/lib/x86_64-linux-gnu/libsoftokn3.so', '/usr/lib64/libsoftokn3.so'].find((path) =>
  existsSync(path),
);

test('a module that is not there is told with its path', async () => {
  const module = '/nowhere/token.so';
  const error = await failure(openSecureElement({ kind: 'pkcs11', module, token: 'mine' }));
  expect(error).toMatchObject({ code: 'module-missing' });
});

test('a token without AES-GCM is refused by the name of what it lacks', () => {
  const all = Object.values(CKM);
  expect(() => checkMechanisms('mine', all)).not.toThrow();
  for (const [name, left] of [
    ['CKM_AES_GCM', CKM.aesGcm],
    ['CKM_ECDSA', CKM.ecdsa],
  ] as const) {
    const others = all.filter((mechanism) => mechanism !== left);
    expect(() => checkMechanisms('mine', others)).toThrow(
      expect.objectContaining({ code: 'not-supported', message: expect.stringContaining(name) }),
    );
  }
});

describeTokens('tokens through their thread', () => {
  const store = makeSoftHsm();
  const labels = ['one', 'two', 'same', 'same', 'bare'];
  for (const label of labels) store.addToken(label, PIN.toString());
  afterAll(() => store.remove());
  const opened: SecureElement[] = [];
  afterEach(async () => {
    for (const element of opened.splice(0)) await element.close();
  });

  async function open(token: string, more: Partial<Pkcs11Attachment> = {}) {
    const element = await openSecureElement({ kind: 'pkcs11', module: MODULE, token, ...more });
    opened.push(element);
    return element;
  }

  test('a token is personalised, told apart by its key, and gives a stored secret to an authorised session', async () => {
    const element = await open('one');
    const authority = makeAuthority();
    expect(await element.info()).toMatchObject({ personalised: false, used: 0, capacity: 100 });
    await element.personalise(authority.publicKey, PIN);
    await element.verifyPin(PIN);
    const chipKey = await element.publicKey();
    const record = { recordId: randomBytes(32), address: randomBytes(20), secret: randomBytes(32) };
    expect(await element.store(record)).toEqual({ slot: 0, used: 1 });
    const payload = randomBytes(171);
    await element.signSession(payload);
    const label = Buffer.from('quorate-se/v1/session');
    const sessionHash = createHash('sha256').update(label).update(chipKey).update(payload).digest();
    const challenge = Buffer.from(await element.challenge());
    const access = { ...record, sessionHash, digest: randomBytes(32), challenge };
    const signature = authority.sign(authorisation(0x12, chipKey, access));
    const released = await element.read({ ...access, signature });
    expect(Buffer.from(released.secret)).toEqual(record.secret);
    expect(released.releaseCount).toBe(1);
    await element.close();

    const public_key = Buffer.from(chipKey).toString('hex');
    const again = await open('one', { public_key });
    expect(await again.publicKey()).toEqual(chipKey);
    expect((await listTokens(MODULE)).find((found) => found.label === 'one')).toMatchObject({
      publicKey: chipKey,
      ready: true,
      hardware: false,
    });
    const another = Buffer.from(authority.publicKey).toString('hex');
    expect(await failure(open('one', { public_key: another }))).toMatchObject({
      code: 'wrong-chip',
    });
    expect(await failure(open('two', { public_key }))).toMatchObject({ code: 'not-personalised' });
  });

  test('info says who judges the authorisation, that this module is not hardware, and what waits for the PIN', async () => {
    const element = await open('one');
    const before = await element.info();
    expect(before).toMatchObject({ personalised: true, software: true, stateCounter: null });
    expect(before.authorisationKeyFingerprint).toBeNull();
    expect(before.text).toContain(
      "this token cannot judge the server's authorisation, so the driver on the host does",
    );
    expect(before.text).toContain('not hardware');
    expect(before.text).toContain('after the PIN');
    await element.verifyPin(PIN);
    const after = await element.info();
    expect(after.used).toBe(1);
    expect(after.stateCounter).toBeGreaterThan(0);
    expect(after.authorisationKeyFingerprint).toHaveLength(32);
    expect(after.text).not.toContain('after the PIN');
  });

  test('two tokens of one module are open at once, each with its own PIN, and a third opening is refused', async () => {
    const [one, two] = await Promise.all([open('one'), open('two')]);
    await two.personalise(makeAuthority().publicKey, PIN);
    expect(await two.publicKey()).not.toEqual(await one.publicKey());
    await one.verifyPin(PIN);
    expect(await failure(two.register(randomBytes(32)))).toMatchObject({ code: 'pin-required' });
    expect(await failure(open('one'))).toMatchObject({ code: 'locked' });
    const refused = await failure(two.verifyPin(Buffer.from('000000')));
    expect(refused).toMatchObject({ code: 'pin-wrong', triesLeft: undefined });
    expect((await two.info()).pinTriesLeft).toBe('fewer');
    await two.close();
    expect(await failure(two.challenge())).toMatchObject({ code: 'closed' });
    expect(await one.register(randomBytes(32))).toBeInstanceOf(Uint8Array);
  });

  test('E-9: one label on two tokens is refused with their serials, and a serial chooses', async () => {
    const same = (await listTokens(MODULE)).filter((found) => found.label === 'same');
    const error = await failure(open('same'));
    expect(error.code).toBe('ambiguous-token');
    for (const { serial } of same) expect(error.message).toContain(serial);
    const [, second] = same;
    const element = await open('same', { serial: second!.serial });
    expect(await element.cplc()).toEqual(tokenCplc(second!, null));
    expect(await element.cplc()).not.toEqual(tokenCplc(same[0]!, null));
  });

  test('the PIN is changed on the token; the new one opens it, the old one is wrong', async () => {
    const element = await open('two');
    const next = Buffer.from('16180339');
    await element.changePin(PIN, next);
    expect(await element.register(randomBytes(32))).toBeInstanceOf(Uint8Array);
    expect(await failure(element.verifyPin(PIN))).toMatchObject({ code: 'pin-wrong' });
    await element.changePin(next, PIN);
    await element.verifyPin(PIN);
  });

  test('personalisation with a wrong PIN makes nothing', async () => {
    const element = await open('bare');
    const key = makeAuthority().publicKey;
    const refused = await failure(element.personalise(key, Buffer.from('999999')));
    expect(refused).toMatchObject({ code: 'pin-wrong' });
    expect(await failure(element.publicKey())).toMatchObject({ code: 'not-personalised' });
    await element.personalise(key, PIN);
    expect(await element.publicKey()).toHaveLength(65);
  });

  test('1.9.13 no error says a PIN, and the caller keeps his own copy', async () => {
    const element = await open('bare');
    const wrong = Buffer.from('86753099');
    const error: unknown = await element.verifyPin(wrong).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SecureElementError);
    if (!(error instanceof Error)) return;
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain('86753099');
    expect(wrong.toString()).toBe('86753099');
  });

  test('Z-7: a module gets its parameters; SoftHSM, which takes none, refuses them', async () => {
    const refused = await failure(open('one', { library_parameters: 'configdir=/nowhere' }));
    expect(refused).toMatchObject({ code: 'module-missing' });
    expect(refused.message).toContain('CKR_ARGUMENTS_BAD');
  });

  test.skipIf(NSS === undefined)(
    'Z-7: softokn of NSS is opened with its parameters and makes keys; data objects are what it does not keep',
    async () => {
      const directory = temporaryDirectory();
      const parameters = `configdir='sql:${directory}' certPrefix='' keyPrefix='' secmod='secmod.db'`;
      initialiseNss(NSS!, parameters);
      const labels = (await listTokens(NSS!, parameters)).map(({ label }) => label);
      expect(labels).toContain('NSS Certificate DB');
      const element = await openSecureElement({
        kind: 'pkcs11',
        module: NSS!,
        library_parameters: parameters,
        token: 'NSS Certificate DB',
      });
      const refused = await failure(element.personalise(makeAuthority().publicKey, PIN));
      expect(refused.message).toContain('CKR_ATTRIBUTE_VALUE_INVALID');
      await element.close();
    },
  );
});

/** Sets the user PIN of a new database. */
function initialiseNss(path: string, libraryParameters: string): void {
  const module = new (binding().PKCS11)();
  module.load(path);
  module.C_Initialize({ flags: CKF.osLocking, libraryParameters });
  const slot = module
    .C_GetSlotList(true)
    .find((one) => module.C_GetTokenInfo(one).label.trim() === 'NSS Certificate DB');
  const session = module.C_OpenSession(slot!, CKF.serialSession | CKF.readWriteSession);
  module.C_Login(session, 0, '');
  module.C_InitPIN(session, PIN.toString());
  module.C_Finalize();
  module.close();
}
