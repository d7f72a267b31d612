/** Tokens that their modules do not tell apart, and who may set a PIN anew. */
import { randomBytes } from 'node:crypto';
import type { PKCS11 } from 'pkcs11js';
import { afterAll, expect, test } from 'vitest';
import {
  ApduSecureElement,
  openSecureElement,
  resetAttachedPin,
  type SecureElement,
} from '../../src/index.ts';
import { CKF } from '../../src/pkcs11/constants.ts';
import { ModuleHost, type TokenChoice } from '../../src/pkcs11/host.ts';
import { LABEL } from '../../src/pkcs11/keys.ts';
import { tokenCplc } from '../../src/pkcs11/naming.ts';
import {
  decodeStateObject,
  encodeStateHead,
  stateAssociatedData,
} from '../../src/pkcs11/objects.ts';
import { TokenSession } from '../../src/pkcs11/session.ts';
import { makeAuthority, PIN } from '../support/host.ts';
import { describeTokens, MODULE, SO_PIN } from '../support/softhsm.ts';
import { failure, TokenBench } from '../support/tokenBench.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describeTokens('names of tokens', () => {
  const tokens = new TokenBench(8, ['tpm', 'tpm', 'tpm too']);
  afterAll(() => tokens.close());

  /** A module that gives every token the same serial number, as those of TPMs do. */
  const alike = new ModuleHost(
    new Proxy(tokens.module, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        if (name !== 'C_GetTokenInfo') return method.bind(target);
        return (slot: Buffer) => ({ ...target.C_GetTokenInfo(slot), serialNumber: '0000' });
      },
    }) satisfies PKCS11,
    false,
  );

  function open(host: ModuleHost, choice: TokenChoice): SecureElement {
    const runner = host.open(choice);
    return new ApduSecureElement(
      { transmit: async (apdu) => runner.process(apdu), close: async () => runner.close() },
      { kind: 'pkcs11' },
    );
  }

  test('Z-2: tokens with one serial number are chips with CPLCs of their own, and are open at once', async () => {
    const authority = makeAuthority().publicKey;
    const one = open(alike, { token: 'token 0' });
    const two = open(alike, { token: 'token 1' });
    await one.personalise(authority, PIN);
    await two.personalise(authority, PIN);
    const cplcs = [await one.cplc(), await two.cplc()].map(hex);
    expect(new Set(cplcs).size).toBe(2);
    for (const element of [one, two]) {
      await element.verifyPin(PIN);
      expect(await element.register(randomBytes(32))).toBeInstanceOf(Uint8Array);
    }
    expect(await failure(() => alike.open({ token: 'token 0' }))).toBe('locked');
    await one.close();
    const again = open(alike, { token: 'token 0' });
    expect(hex(await again.cplc())).toBe(cplcs[0]);
    await again.close();
    await two.close();
  });

  test('Z-2: where label and serial number are the same, the key chooses', async () => {
    const all = tokens.host.list().filter(({ label }) => label === 'tpm');
    const keys: Uint8Array[] = [];
    for (const { serial } of all) {
      const element = open(tokens.host, { token: 'tpm', serial });
      await element.personalise(makeAuthority().publicKey, PIN);
      keys.push(await element.publicKey());
      await element.close();
    }
    const ambiguous = (): unknown => alike.open({ token: 'tpm', serial: '0000' });
    expect(await failure(ambiguous)).toBe('ambiguous-token');
    expect(ambiguous).toThrow('public_key');
    for (const publicKey of keys) {
      const element = open(alike, { token: 'tpm', serial: '0000', publicKey });
      expect(await element.publicKey()).toEqual(publicKey);
      await element.close();
    }
    const publicKey = makeAuthority().publicKey;
    expect(await failure(() => alike.open({ token: 'tpm', publicKey }))).toBe('ambiguous-token');
  });

  test('Z-2: a chip that was registered under its token’s CPLC keeps it, also when its key is brought back', async () => {
    const told = { manufacturer: 'ACME', model: 'One', serial: '0000' };
    const registered =
      '504b3131a652573245f1b8f67525ce6a9e0a476e64d08c8f16a777b691377bcb63f105cd000000000000';
    expect(hex(tokenCplc(told, null))).toBe(registered);
    const bench = await tokens.ready('token 2');
    expect(hex(tokenCplc(told, { key: bench.chipKey, isInCplc: false }))).toBe(registered);
    expect(hex(tokenCplc(told, { key: bench.chipKey, isInCplc: true }))).not.toBe(registered);
    await bench.store();
    const attacker = tokens.attacker('token 2');
    const session = new TokenSession(tokens.module, tokens.slot('token 2'));
    const { head, sealed } = decodeStateObject(attacker.values(LABEL.state)[0]!)!;
    expect(head.refused & 4).toBe(4);
    const key = attacker.key(LABEL.sealing);
    const authorisationKey = session.unseal(key, sealed, stateAssociatedData(head))!;
    const older = { ...head, refused: head.refused & ~4 };
    const seal = session.seal(key, authorisationKey, stateAssociatedData(older));
    attacker.replace(LABEL.state, [Buffer.concat([encodeStateHead(older), seal.nonce, seal.body])]);
    // The sealed state says one thing, the public object another.
    expect(await failure(() => bench.send(0x20, PIN))).toBe('token-changed');
    attacker.login();
    attacker.destroy(LABEL.chipKey);
    attacker.write(LABEL.chipKey, Buffer.concat([Buffer.of(1), bench.chipKey]), false);
    await bench.chip.dispose();
    const own = tokens.host.list().find(({ label }) => label === 'token 2')!;
    const element = open(tokens.host, { token: 'token 2' });
    await element.verifyPin(PIN);
    expect(await element.cplc()).toEqual(tokenCplc(own, null));
    await element.close();
    attacker.login();
    attacker.destroy(LABEL.chipKey);
    const again = open(tokens.host, { token: 'token 2' });
    const end = await failure(() => again.personalise(makeAuthority().publicKey, PIN));
    expect(end).toBe('already-personalised');
    expect(await again.cplc()).toEqual(tokenCplc(own, null));
    await again.close();
  });

  test('Z-2: a chip whose public object was removed is not opened beside the process that has it', async () => {
    const token = 'token 3';
    const bench = await tokens.ready(token);
    await bench.store();
    await bench.chip.dispose();
    const first = open(tokens.host, { token });
    tokens.attacker(token).destroy(LABEL.chipKey);
    const second = open(tokens.host, { token });
    const end = await failure(() => second.personalise(makeAuthority().publicKey, PIN));
    expect(end).toBe('locked');
    await second.close();
    await first.close();
    const third = open(tokens.host, { token });
    expect(await failure(() => third.personalise(makeAuthority().publicKey, PIN))).toBe(
      'already-personalised',
    );
    await third.close();
  });

  test('Z-5: the security officer sets a new PIN; keys and records stay', async () => {
    const token = 'token 4';
    const bench = await tokens.ready(token);
    const record = await bench.store();
    await bench.chip.dispose();
    const pin = Buffer.from('16180339');
    const reset = (officer: string, fresh = pin, lastTry = false): Promise<string> =>
      failure(() =>
        tokens.host.resetPin(
          { token, publicKey: bench.chipKey },
          { securityOfficerPin: Buffer.from(officer), pin: fresh, lastTry },
        ),
      );
    expect(await reset('00000000')).toBe('so-pin-wrong');
    expect(await reset(SO_PIN, Buffer.from('1'))).toBe('invalid-data');
    expect(await reset(SO_PIN)).toBe('no error');
    const element = open(tokens.host, { token });
    expect(await failure(() => element.verifyPin(PIN))).toBe('pin-wrong');
    await element.verifyPin(pin);
    expect(await failure(() => element.store({ ...record }))).toBe('record-exists');
    await element.close();
  });

  test('Z-5: the last try of the security officer’s PIN is not used unless a person wants it, and a blocked one is told', async () => {
    const token = 'token 5';
    let logins = 0;
    const flagged = (more: number): ModuleHost =>
      new ModuleHost(
        new Proxy(tokens.module, {
          get: (target, name) => {
            const method: unknown = Reflect.get(target, name);
            if (typeof method !== 'function') return method;
            if (name === 'C_Login') logins += 1;
            if (name !== 'C_GetTokenInfo') return method.bind(target);
            return (slot: Buffer) => {
              const info = target.C_GetTokenInfo(slot);
              return { ...info, flags: info.flags | more };
            };
          },
        }),
        false,
      );
    const pins = { securityOfficerPin: Buffer.from(SO_PIN), pin: PIN };
    const last = flagged(CKF.soPinFinalTry);
    expect(await failure(() => last.resetPin({ token }, pins))).toBe('last-try');
    const locked = flagged(CKF.soPinLocked);
    expect(await failure(() => locked.resetPin({ token }, pins))).toBe('so-pin-blocked');
    expect(logins).toBe(0);
    last.resetPin({ token }, { ...pins, lastTry: true });
    expect(logins).toBe(1);
  });

  test('Z-5: a configuration’s token gets its new PIN through the thread of its module', async () => {
    const attachment = { kind: 'pkcs11', module: MODULE, token: 'token 6' } as const;
    const pin = Buffer.from('16180339');
    await resetAttachedPin(attachment, { securityOfficerPin: Buffer.from(SO_PIN), pin });
    expect(pin.toString()).toBe('16180339');
    const element = await openSecureElement(attachment);
    await element.personalise(makeAuthority().publicKey, pin);
    await element.close();
    const wrong = { securityOfficerPin: Buffer.from('00000000'), pin };
    expect(await failure(() => resetAttachedPin(attachment, wrong))).toBe('so-pin-wrong');
  });
});
