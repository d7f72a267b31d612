/** A token's PIN, presence and protections. */
import { randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { ApduSecureElement, SecureElementError } from '../../src/index.ts';
import { CKF } from '../../src/pkcs11/constants.ts';
import { TokenRunner } from '../../src/pkcs11/runner.ts';
import { TokenSession } from '../../src/pkcs11/session.ts';
import { TokenCard } from '../../src/pkcs11/tokenCard.ts';
import { WaitingTransport } from '../../src/pkcs11/waiting.ts';
import { makeAuthority, ok, PIN, SELECT } from '../support/host.ts';
import { describeTokens } from '../support/softhsm.ts';
import { elementOf, TokenBench } from '../support/tokenBench.ts';

/** CKA_COPYABLE and CKA_MODIFIABLE. */
const OPTIONAL = new Set([0x171, 0x170]);

describeTokens('PIN, presence and protections of tokens', () => {
  const tokens = new TokenBench(12);
  afterAll(() => tokens.close());

  test('E-6, Z-5: wrong PINs are told with what the token tells of its tries, and a blocked PIN as blocked', async () => {
    const token = tokens.next();
    const bench = await tokens.ready(token);
    await bench.chip.dispose();
    const { flags } = tokens.module.C_GetTokenInfo(tokens.slot(token));
    const told = async (more: number, code: number, lastTry = true): Promise<unknown> => {
      const refuse = (): never => {
        throw Object.assign(new Error('refused'), { name: 'Pkcs11Error', code });
      };
      const info = { ...tokens.module.C_GetTokenInfo(tokens.slot(token)), flags: flags | more };
      const element = elementOf(
        tokens.altered(token, { C_Login: refuse, C_GetTokenInfo: () => info }),
      );
      const error: unknown = await element
        .verifyPin(PIN, { lastTry })
        .catch((thrown: unknown) => thrown);
      const { pinTriesLeft } = await element.info();
      if (!(error instanceof SecureElementError)) return error;
      return [error.code, error.triesLeft, pinTriesLeft];
    };
    expect(await told(0, 0xa0)).toEqual(['pin-wrong', undefined, null]);
    expect(await told(CKF.userPinCountLow, 0xa0)).toEqual(['pin-wrong', undefined, 'fewer']);
    expect(await told(CKF.userPinFinalTry, 0xa0, false)).toEqual(['last-try', 1, 1]);
    expect(await told(CKF.userPinCountLow | CKF.userPinFinalTry, 0xa0)).toEqual([
      'pin-wrong',
      1,
      1,
    ]);
    expect(await told(CKF.userPinLocked, 0xa0)).toEqual(['pin-wrong', 0, 0]);
    expect(await told(CKF.userPinLocked, 0xa4)).toEqual(['pin-blocked', 0, 0]);
  });

  test('E-6: a wrong PIN takes the login away although somebody was logged in', async () => {
    const bench = await tokens.ready(tokens.next());
    expect((await bench.send(0x20, Buffer.from('271828'))).sw).toBe('63ce');
    expect((await bench.send(0x09, randomBytes(32))).sw).toBe('6982');
    await ok(bench.send(0x20, PIN));
    expect((await bench.info()).tries).toBe(0xff);
    await bench.chip.dispose();
  });

  test('the attributes that a token does not take are left out one by one, and a start allows just those', async () => {
    const token = tokens.next();
    const strict = (name: 'C_GenerateKey' | 'C_GenerateKeyPair') =>
      function refuse(...given: unknown[]): unknown {
        const list: unknown = given.at(-1);
        const isRefused = Array.isArray(list) && list.some((entry) => OPTIONAL.has(entry.type));
        if (isRefused) throw Object.assign(new Error(), { name: 'Pkcs11Error', code: 0x12 });
        return Reflect.apply(tokens.module[name], tokens.module, given);
      };
    const chip = tokens.altered(token, {
      C_GenerateKey: strict('C_GenerateKey'),
      C_GenerateKeyPair: strict('C_GenerateKeyPair'),
    });
    const element = elementOf(chip);
    await element.personalise(makeAuthority().publicKey, PIN);
    await element.verifyPin(PIN);
    expect(await element.register(randomBytes(32))).toBeInstanceOf(Uint8Array);
    await chip.dispose();
  });

  test('E-4: a token that takes a protection and does not give it is refused', async () => {
    const token = tokens.next();
    const forgetful = (name: 'C_GenerateKey' | 'C_GenerateKeyPair') =>
      function generate(...given: unknown[]): unknown {
        const known = given.map((list) =>
          Array.isArray(list) ? list.filter((entry) => !OPTIONAL.has(entry.type)) : list,
        );
        return Reflect.apply(tokens.module[name], tokens.module, known);
      };
    const chip = tokens.altered(token, {
      C_GenerateKey: forgetful('C_GenerateKey'),
      C_GenerateKeyPair: forgetful('C_GenerateKeyPair'),
    });
    const attempt = elementOf(chip).personalise(makeAuthority().publicKey, PIN);
    await expect(attempt).rejects.toMatchObject({ code: 'token-unsafe' });
    await chip.dispose();
    const again = tokens.open(token);
    const key = elementOf(again).publicKey();
    await expect(key).rejects.toMatchObject({ code: 'not-personalised' });
    await again.dispose();
  });

  test('PERSONALISE asks the token for the PIN although another program is logged in', async () => {
    const token = tokens.next();
    const chip = tokens.open(token);
    const program = tokens.attacker(token);
    program.login();
    const element = elementOf(chip);
    const { publicKey } = makeAuthority();
    const refused = element.personalise(publicKey, Buffer.from('271828'));
    await expect(refused).rejects.toMatchObject({ code: 'pin-wrong' });
    program.login();
    await element.personalise(publicKey, PIN);
    expect(await element.publicKey()).toHaveLength(65);
    await chip.dispose();
  });

  test('E-10: a session that is lost is a reset: PIN again, new challenges, the same records', async () => {
    const token = tokens.next();
    const bench = await tokens.ready(token);
    const record = await bench.store();
    const session = await bench.session();
    const open = await bench.access(record);
    tokens.module.C_CloseAllSessions(tokens.slot(token));
    expect((await bench.send(0x08, session.payload)).sw).toBe('6982');
    await ok(bench.send(0x20, PIN));
    expect((await bench.read(open)).sw).toBe('6984');
    const stale = { ...open, challenge: await bench.challenge() };
    expect((await bench.read(stale)).sw).toBe('6985');
    await bench.session(session.payload);
    const renewed = { ...open, sessionHash: session.hash, challenge: await bench.challenge() };
    const { data } = await ok(bench.read(renewed));
    expect(data.subarray(0, 32)).toEqual(record.secret);
    await bench.chip.dispose();
  });

  /** A token that can be pulled out; what each search for it was given. */
  function removable(token: string) {
    let isThere = true;
    const asked: (Uint8Array | null)[] = [];
    const find = (known: Uint8Array | null): TokenCard => {
      asked.push(known);
      if (!isThere) throw new SecureElementError('reader-not-found', 'no token');
      const session = new TokenSession(tokens.module, tokens.slot(token));
      const claim = (): void => undefined;
      return new TokenCard(session, { cplc: () => new Uint8Array(42), software: true, claim });
    };
    const runner = new TokenRunner(`"${token}"`, find, () => undefined);
    const put = (there: boolean): void => {
      isThere = there;
      if (!there) tokens.module.C_CloseAllSessions(tokens.slot(token));
    };
    return { runner, asked, put };
  }

  test('a token that is away is told as removed, is found again, and another in its place is refused', async () => {
    const token = tokens.next();
    const bench = await tokens.ready(token);
    await bench.chip.dispose();
    const { runner, asked, put } = removable(token);
    const getKey = Uint8Array.of(0x80, 0x04, 0, 0);
    runner.process(SELECT);
    const key = Buffer.from(runner.process(getKey));
    put(false);
    for (let at = 0; at < 2; at++) {
      expect(() => runner.process(Uint8Array.of(0x80, 0x20, 0, 0, PIN.length, ...PIN))).toThrow(
        expect.objectContaining({ code: 'card-removed' }),
      );
    }
    put(true);
    expect(Buffer.from(runner.process(getKey))).toEqual(key);
    expect(asked[0]).toBeNull();
    expect(Buffer.from(asked.at(-1) ?? [])).toEqual(bench.chipKey);
    runner.close();
  });

  test('E-10: a token that is pulled out is waited for, and asks for the PIN when it is back; a stop ends the waiting', async () => {
    const token = tokens.next();
    const bench = await tokens.ready(token);
    await bench.chip.dispose();
    const { runner, put } = removable(token);
    const told: string[] = [];
    const inner = {
      transmit: async (apdu: Uint8Array) => runner.process(apdu),
      close: async () => runner.close(),
    };
    const onWaiting = (what: string): void => {
      told.push(what);
      if (told.length === 1) put(true);
    };
    const element = new ApduSecureElement(new WaitingTransport(inner, onWaiting), {
      kind: 'pkcs11',
    });
    await element.verifyPin(PIN);
    put(false);
    await expect(element.register(randomBytes(32))).rejects.toMatchObject({ code: 'pin-required' });
    expect(told).toEqual([`the token "${token}" was removed: put it back`]);
    await element.verifyPin(PIN);
    put(false);
    const waiting = element.store({
      recordId: randomBytes(32),
      address: randomBytes(20),
      secret: randomBytes(32),
    });
    const stopped = expect(waiting).rejects.toMatchObject({ code: 'card-removed', unsent: true });
    element.stopWaiting();
    await stopped;
    await element.close();
  });
});
