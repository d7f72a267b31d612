/** A token's power, PIN and presence. */
import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { SecureElementError } from '../src/index.ts';
import { CKF } from '../src/pkcs11/constants.ts';
import { LABEL } from '../src/pkcs11/keys.ts';
import { TokenRunner } from '../src/pkcs11/runner.ts';
import { TokenSession } from '../src/pkcs11/session.ts';
import { TokenCard } from '../src/pkcs11/tokenCard.ts';
import {
  type Bench,
  type ChipUnderTest,
  makeAuthority,
  ok,
  PIN,
  SELECT,
  transmit,
} from './support/host.ts';
import { canTestTokens } from './support/softhsm.ts';
import { benchOver, elementOf, TokenBench } from './support/tokenBench.ts';

/** More writes than any command makes. */
const MANY = 12;

describe.runIf(canTestTokens())('tokens', () => {
  const tokens = new TokenBench(32);
  afterAll(() => tokens.close());

  /** The same bench over another opening of its token. */
  async function over(bench: Bench, chip: ChipUnderTest): Promise<Bench> {
    const again = benchOver(bench, chip);
    await ok(transmit(chip, SELECT));
    await ok(again.send(0x20, PIN));
    return again;
  }

  /** Counts of the objects that a start leaves. */
  function objects(token: string): { records: number; states: number; keys: number } {
    const program = tokens.attacker(token);
    const count = (label: string): number => program.labelled(label).length;
    const counts = {
      records: count(LABEL.record),
      states: count(LABEL.state),
      keys: count(LABEL.identity) + count(LABEL.sealing),
    };
    program.close();
    return counts;
  }

  type Command = (
    bench: Bench,
    access: () => ReturnType<Bench['access']>,
  ) => Promise<{ sw: string }>;

  /** Runs a command with the power going after each of its writes; `check` sees the token after every cut. */
  async function cutEverywhere(
    command: Command,
    check: (
      bench: Bench,
      record: { recordId: Buffer; address: Buffer; secret: Buffer },
    ) => Promise<void>,
  ): Promise<number> {
    let cuts = 0;
    for (let write = 1; write <= MANY; write++) {
      const token = tokens.next();
      const bench = await tokens.ready(token);
      const record = await bench.store();
      await bench.chip.dispose();
      const chip = tokens.fragile(token, write);
      const fragile = await over(bench, chip);
      const { sw } = await command(fragile, () => fragile.access(record));
      await chip.dispose();
      const again = await over(bench, tokens.open(token));
      const { used } = await again.info();
      expect(objects(token)).toEqual({ records: used, states: 1, keys: 3 });
      await check(again, record);
      await again.chip.dispose();
      if (!chip.cut()) return cuts;
      expect(sw).toBe('6581');
      cuts += 1;
    }
    throw new Error('the command never ended');
  }

  test('a power cut at any write of STORE leaves the whole record or none, and no object beside', async () => {
    const stored = { recordId: randomBytes(32), address: randomBytes(20), secret: randomBytes(32) };
    const outcomes = new Set<number>();
    const cuts = await cutEverywhere(
      (bench) => bench.send(0x10, stored.recordId, stored.address, stored.secret),
      async (bench) => {
        const { used } = await bench.info();
        outcomes.add(used);
        const answer = await bench.read(await bench.access(stored));
        if (used === 1) return expect(answer.sw).toBe('6a88');
        expect(answer.data.subarray(0, 32)).toEqual(stored.secret);
      },
    );
    expect(cuts).toBe(3);
    expect(outcomes).toEqual(new Set([1, 2]));
  });

  test('E-1: a power cut at any write of READ keeps the record, and a count that left is never used again', async () => {
    const counts = new Set<number>();
    const cuts = await cutEverywhere(
      async (bench, access) => bench.read(await access()),
      async (bench, record) => {
        const { data } = await ok(bench.read(await bench.access(record)));
        expect(data.subarray(0, 32)).toEqual(record.secret);
        counts.add(data.readUInt32BE(32));
      },
    );
    expect(cuts).toBe(4);
    expect(counts).toEqual(new Set([1, 2]));
  });

  test('the count of a release is on the token before the secret leaves', async () => {
    const token = tokens.next();
    const bench = await tokens.ready(token);
    const record = await bench.store();
    await bench.chip.dispose();
    const chip = tokens.fragile(token, 2);
    const fragile = await over(bench, chip);
    const torn = await fragile.read(await fragile.access(record));
    expect(torn).toEqual({ sw: '6581', data: Buffer.alloc(0) });
    await chip.dispose();
    const again = await over(bench, tokens.open(token));
    const { data } = await ok(again.read(await again.access(record)));
    expect(data.readUInt32BE(32)).toBe(2);
    await again.chip.dispose();
  });

  test('a power cut at any write of DELETE leaves the record readable or its object destroyed', async () => {
    const cuts = await cutEverywhere(
      async (bench, access) => bench.delete(await access()),
      async (bench, record) => {
        const { used } = await bench.info();
        const { sw } = await bench.read(await bench.access(record));
        expect(sw).toBe(used === 0 ? '6a88' : '9000');
      },
    );
    expect(cuts).toBe(3);
  });

  test('a power cut at any write of PERSONALISE leaves a chip, or a token that can be personalised', async () => {
    let cuts = 0;
    for (let write = 1; ; write++) {
      const token = tokens.next();
      const chip = tokens.fragile(token, write);
      const { publicKey } = makeAuthority();
      const attempt = async (on: ChipUnderTest): Promise<string> => {
        await ok(transmit(on, SELECT));
        const data = Buffer.concat([publicKey, PIN]);
        const head = Buffer.of(0x80, 0x06, 0, 0, data.length);
        return (await transmit(on, Buffer.concat([head, data]))).sw;
      };
      const first = await attempt(chip);
      await chip.dispose();
      const whole = tokens.open(token);
      expect(['9000', '6985']).toContain(await attempt(whole));
      const element = elementOf(whole);
      await element.verifyPin(PIN);
      expect(await element.info()).toMatchObject({ personalised: true, used: 0 });
      expect(objects(token)).toEqual({ records: 0, states: 1, keys: 3 });
      await whole.dispose();
      if (!chip.cut()) {
        expect(first).toBe('9000');
        break;
      }
      expect(first).toBe('6581');
      cuts += 1;
    }
    expect(cuts).toBe(4);
  });

  test('a token that was written by a cut command is silent until it is opened again', async () => {
    const token = tokens.next();
    const bench = await tokens.ready(token);
    await bench.chip.dispose();
    const fragile = await over(bench, tokens.fragile(token, 1));
    const store = [randomBytes(32), randomBytes(20), randomBytes(32)] as const;
    expect((await fragile.send(0x10, ...store)).sw).toBe('6581');
    expect((await fragile.send(0x02)).sw).toBe('6581');
    await fragile.chip.dispose();
  });

  test('E-6: wrong PINs are told with what the token tells of its tries, and a blocked PIN as blocked', async () => {
    const token = tokens.next();
    const bench = await tokens.ready(token);
    await bench.chip.dispose();
    const { flags } = tokens.module.C_GetTokenInfo(tokens.slot(token));
    const told = async (more: number, code: number): Promise<unknown> => {
      const refuse = (): never => {
        throw Object.assign(new Error('refused'), { name: 'Pkcs11Error', code });
      };
      const info = { ...tokens.module.C_GetTokenInfo(tokens.slot(token)), flags: flags | more };
      const element = elementOf(
        tokens.altered(token, { C_Login: refuse, C_GetTokenInfo: () => info }),
      );
      const error: unknown = await element.verifyPin(PIN).catch((thrown: unknown) => thrown);
      const { pinTriesLeft } = await element.info();
      if (!(error instanceof SecureElementError)) return error;
      return [error.code, error.triesLeft, pinTriesLeft];
    };
    expect(await told(CKF.userPinCountLow, 0xa0)).toEqual(['pin-wrong', 2, 2]);
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
    expect((await bench.send(0x20, Buffer.from('271828'))).sw).toBe('63c2');
    expect((await bench.send(0x09, randomBytes(32))).sw).toBe('6982');
    await ok(bench.send(0x20, PIN));
    expect((await bench.info()).tries).toBe(3);
    await bench.chip.dispose();
  });

  test('the attributes that a token does not take are left out one by one, and a start allows just those', async () => {
    const token = tokens.next();
    const forget = new Set([0x171, 0x170]);
    const strict = (name: 'C_GenerateKey' | 'C_GenerateKeyPair') =>
      function refuse(...given: unknown[]): unknown {
        const list: unknown = given.at(-1);
        const isRefused = Array.isArray(list) && list.some((entry) => forget.has(entry.type));
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

  test('a token that is away is told as removed, is found again, and another in its place is refused', async () => {
    const token = tokens.next();
    const bench = await tokens.ready(token);
    await bench.chip.dispose();
    let isThere = true;
    const asked: (Uint8Array | null)[] = [];
    const runner = new TokenRunner(
      `"${token}"`,
      (known) => {
        asked.push(known);
        if (!isThere) throw new SecureElementError('reader-not-found', 'no token');
        const session = new TokenSession(tokens.module, tokens.slot(token));
        return new TokenCard(session, { cplc: new Uint8Array(42), software: true });
      },
      () => undefined,
    );
    const getKey = Uint8Array.of(0x80, 0x04, 0, 0);
    runner.process(SELECT);
    const key = Buffer.from(runner.process(getKey));
    isThere = false;
    tokens.module.C_CloseAllSessions(tokens.slot(token));
    for (let at = 0; at < 2; at++) {
      expect(() => runner.process(Uint8Array.of(0x80, 0x20, 0, 0, PIN.length, ...PIN))).toThrow(
        expect.objectContaining({ code: 'card-removed' }),
      );
    }
    isThere = true;
    expect(Buffer.from(runner.process(getKey))).toEqual(key);
    expect(asked[0]).toBeNull();
    expect(Buffer.from(asked.at(-1) ?? [])).toEqual(bench.chipKey);
    runner.close();
  });
});
