/** A token that goes in the middle of a command, and one that somebody else writes to. */
import { randomBytes } from 'node:crypto';
import type { PKCS11 } from 'pkcs11js';
import { afterAll, expect, test } from 'vitest';
import { ApduSecureElement } from '../../src/index.ts';
import { ModuleHost } from '../../src/pkcs11/host.ts';
import { LABEL } from '../../src/pkcs11/keys.ts';
import { WaitingTransport } from '../../src/pkcs11/waiting.ts';
import { type Bench, type ChipUnderTest, ok, PIN, SELECT, transmit } from '../support/host.ts';
import { describeTokens } from '../support/softhsm.ts';
import { benchOver, failure, TokenBench } from '../support/tokenBench.ts';

const [DEVICE_REMOVED, NOT_LOGGED_IN, NOT_PRESENT] = [0x32, 0x101, 0xe0];

const refusal = (code: number): Error =>
  Object.assign(new Error('refused'), { name: 'Pkcs11Error', code });

describeTokens('tokens that go, and tokens of two programs', () => {
  const tokens = new TokenBench(16);
  afterAll(() => tokens.close());

  /** A personalised chip with a record, over a module of which one call can be made to fail after it was done. */
  async function breakable(call: keyof PKCS11) {
    const token = tokens.next();
    const first = await tokens.ready(token);
    const record = await first.store();
    await first.chip.dispose();
    const state = { left: -1, code: DEVICE_REMOVED, calls: 0 };
    const chip = tokens.altered(token, {
      [call]: (...given: unknown[]): unknown => {
        state.calls += 1;
        const method: unknown = tokens.module[call];
        if (typeof method !== 'function') throw new TypeError('unreachable: a call of Cryptoki');
        const result: unknown = Reflect.apply(method, tokens.module, given);
        state.left -= 1;
        if (state.left !== 0) return result;
        if (state.code === DEVICE_REMOVED) tokens.module.C_CloseAllSessions(tokens.slot(token));
        throw refusal(state.code);
      },
    });
    const bench = benchOver(first, chip);
    await ok(transmit(chip, SELECT));
    await ok(bench.send(0x20, PIN));
    const breakAfter = (calls: number, code = DEVICE_REMOVED): void => {
      Object.assign(state, { left: calls, code, calls: 0 });
    };
    return { token, bench, chip, record, breakAfter, calls: () => state.calls };
  }

  /** The interface as the agent has it: it waits for a token that is away. */
  function waiting(chip: ChipUnderTest) {
    const told: string[] = [];
    const transport = new WaitingTransport(chip.transport, (what) => told.push(what));
    return { element: new ApduSecureElement(transport, { kind: 'pkcs11' }), told };
  }

  const unknown = { code: 'card-removed', unsent: false };

  test('E-1: a READ that was counted and not answered is not sent again; the next one has the next count', async () => {
    const { bench, chip, record, breakAfter } = await breakable('C_DestroyObject');
    const { element, told } = waiting(chip);
    await element.verifyPin(PIN);
    const access = await bench.access(record);
    const signature = bench.authorise(0x12, access);
    breakAfter(1);
    await expect(element.read({ ...access, ...record, signature })).rejects.toMatchObject(unknown);
    expect(told).toEqual([]);
    await element.verifyPin(PIN);
    const { data } = await ok(bench.read(await bench.access(record)));
    expect(data.readUInt32BE(32)).toBe(2);
    await chip.dispose();
  });

  test('STORE and DELETE that were cut off are told as unknown, and what they did is there', async () => {
    const { bench, chip, record, breakAfter } = await breakable('C_DestroyObject');
    const { element } = waiting(chip);
    await element.verifyPin(PIN);
    const stored = { recordId: randomBytes(32), address: randomBytes(20), secret: randomBytes(32) };
    breakAfter(1);
    await expect(element.store(stored)).rejects.toMatchObject(unknown);
    await element.verifyPin(PIN);
    expect((await element.info()).used).toBe(2);
    const access = await bench.access(record);
    const signature = bench.authorise(0x14, access);
    breakAfter(1);
    const { digest: reasonHash, ...rest } = access;
    await expect(element.delete({ ...rest, reasonHash, signature })).rejects.toMatchObject(unknown);
    await element.verifyPin(PIN);
    expect((await bench.read(await bench.access(record))).sw).toBe('6a88');
    await chip.dispose();
  });

  test('E-6: a PIN that was sent once is not sent again when the token goes', async () => {
    for (const [call, command] of [
      ['C_Login', (element: ApduSecureElement) => element.verifyPin(PIN)],
      ['C_SetPIN', (element: ApduSecureElement) => element.changePin(PIN, PIN)],
    ] as const) {
      const { chip, breakAfter, calls } = await breakable(call);
      const { element, told } = waiting(chip);
      await element.info();
      breakAfter(1);
      await expect(command(element)).rejects.toMatchObject(unknown);
      expect([calls(), told]).toEqual([1, []]);
      await element.verifyPin(PIN);
      await chip.dispose();
    }
  });

  test('a command that was not sent is sent to the token that is back, which asks for the PIN', async () => {
    const { token, bench, chip, record } = await breakable('C_Login');
    const access = await bench.access(record);
    tokens.module.C_CloseAllSessions(tokens.slot(token));
    expect((await bench.read(access)).sw).toBe('6982');
    await ok(bench.send(0x20, PIN));
    const { data } = await ok(bench.read(await bench.access(record)));
    expect(data.readUInt32BE(32)).toBe(1);
    await chip.dispose();
  });

  test('E-1: a login that is lost in the middle of a write is 6581, never a refusal before the count', async () => {
    const { bench, chip, record, breakAfter } = await breakable('C_CreateObject');
    const access = await bench.access(record);
    breakAfter(2, NOT_LOGGED_IN);
    expect((await bench.read(access)).sw).toBe('6581');
    // The next command meets a new session, which reads back what was written.
    expect((await bench.read(access)).sw).toBe('6982');
    await ok(bench.send(0x20, PIN));
    const { data } = await ok(bench.read(await bench.access(record)));
    expect(data.readUInt32BE(32)).toBe(2);
    await chip.dispose();
  });

  test('two programs with one token: the second writer stops, and destroys nothing of the first', async () => {
    const token = tokens.next();
    const first = await tokens.ready(token);
    await first.store();
    const second = benchOver(first, tokens.altered(token, {}));
    await ok(transmit(second.chip, SELECT));
    await ok(second.send(0x20, PIN));
    // The second login ended the first one.
    await ok(first.send(0x20, PIN));
    await ok(second.send(0x20, PIN));
    const record = await second.store();
    const another = [randomBytes(32), randomBytes(20), randomBytes(32)] as const;
    expect(await failure(() => first.send(0x10, ...another))).toBe('token-changed');
    const { data } = await ok(second.read(await second.access(record)));
    expect(data.subarray(0, 32)).toEqual(record.secret);
    expect(await objectsOf(second)).toEqual([2, 2, 1]);
    await second.chip.dispose();
    await first.chip.dispose();

    async function objectsOf(bench: Bench): Promise<number[]> {
      const program = tokens.attacker(token);
      const count = [LABEL.record, LABEL.state].map((label) => program.labelled(label).length);
      return [(await bench.info()).used, ...count];
    }
  });

  test('the lock of a token does not depend on what the environment says', async () => {
    const token = tokens.next();
    const chip = tokens.open(token);
    const before = { ...process.env };
    try {
      for (const name of ['TMPDIR', 'HOME', 'XDG_RUNTIME_DIR']) process.env[name] = '/dev/shm';
      expect(await failure(() => tokens.open(token))).toBe('locked');
    } finally {
      process.env = before;
      await chip.dispose();
    }
  });

  /** The driver over a module of which one call fails for one slot. */
  function failing(call: 'C_GetTokenInfo' | 'C_OpenSession', token: string): ModuleHost {
    const slot = tokens.slot(token);
    const module = new Proxy(tokens.module, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...given: unknown[]): unknown => {
          if (name === call && slot.equals(given[0] as Buffer)) throw refusal(NOT_PRESENT);
          return Reflect.apply(method, target, given);
        };
      },
    });
    return new ModuleHost(module, false);
  }

  test('a slot that does not answer is passed over, and the other tokens open', async () => {
    const [broken, good] = [tokens.next(), tokens.next()];
    const host = failing('C_GetTokenInfo', broken);
    expect(host.list().map(({ label }) => label)).not.toContain(broken);
    host.open({ token: good }).close();
    expect(await failure(() => host.open({ token: broken }))).toBe('reader-not-found');
  });

  test('E-9: a token that goes while its key is read is removed, and no other chip', async () => {
    const token = tokens.next();
    const { chip, chipKey: publicKey } = await tokens.ready(token);
    await chip.dispose();
    const host = failing('C_OpenSession', token);
    expect(await failure(() => host.open({ token, publicKey }))).toBe('card-removed');
    expect(host.list().find(({ label }) => label === token)?.publicKey).toBeNull();
    tokens.host.open({ token, publicKey }).close();
  });
});
