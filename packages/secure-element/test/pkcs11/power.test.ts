/** A token whose host loses power in the middle of a command. */
import { randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { LABEL } from '../../src/pkcs11/keys.ts';
import {
  type Bench,
  type ChipUnderTest,
  makeAuthority,
  ok,
  PIN,
  SELECT,
  transmit,
} from '../support/host.ts';
import { describeTokens } from '../support/softhsm.ts';
import { benchOver, elementOf, TokenBench } from '../support/tokenBench.ts';

/** More writes than any command makes. */
const MANY = 12;

describeTokens('power of tokens', () => {
  const tokens = new TokenBench(32);
  afterAll(() => tokens.close());

  /** The same bench over another opening of its token. */
  async function over(bench: Bench, chip: ChipUnderTest): Promise<Bench> {
    const again = benchOver(bench, chip);
    await ok(transmit(chip, SELECT));
    await ok(again.send(0x20, PIN));
    return again;
  }

  /** Counts of the objects that the first command which looks for a record leaves. */
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

  /** The content of the token, in hex. */
  function values(token: string, isLoggedIn: boolean): string[] {
    const program = tokens.attacker(token);
    if (!isLoggedIn) program.login();
    const found = [LABEL.record, LABEL.state].flatMap((label) => program.values(label));
    program.close();
    return found.map((value) => value.toString('hex')).toSorted();
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
      const left = values(token, false);
      const again = await over(bench, tokens.open(token));
      // The host compares the counter after VERIFY: until then nothing that would prove it wrong may go.
      expect(values(token, true)).toEqual(left);
      const { used } = await again.info();
      await check(again, record);
      expect(objects(token)).toEqual({ records: used, states: 1, keys: 3 });
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
});
