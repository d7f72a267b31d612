import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Access, Bench, type ChipFactory, ok, PIN, SELECT, transmit } from '../host.ts';

export function memoryTests(factory: ChipFactory): void {
  test('1.9.11 STORE never overwrites: not with another secret, and not with another address', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const again = [record.recordId, record.address, randomBytes(32)] as const;
    expect((await bench.send(0x10, ...again)).sw).toBe('6a89');
    const elsewhere = [record.recordId, randomBytes(20), randomBytes(32)] as const;
    expect((await bench.send(0x10, ...elsewhere)).sw).toBe('6a89');
    const { data } = await ok(bench.read(await bench.access(record)));
    expect(data.subarray(0, 32)).toEqual(record.secret);
    expect((await bench.info()).used).toBe(1);
    await bench.chip.dispose();
  });

  test('the chip keeps 100 records, refuses the 101st, and takes one again after a DELETE', async () => {
    const bench = await Bench.ready(factory);
    const records = [];
    for (let at = 0; at < 100; at++) records.push(await bench.store());
    const full = [randomBytes(32), randomBytes(20), randomBytes(32)] as const;
    expect((await bench.send(0x10, ...full)).sw).toBe('6a84');
    expect((await bench.info()).used).toBe(100);
    const [first, last] = [records[0]!, records[99]!];
    expect((await ok(bench.read(await bench.access(last)))).data.subarray(0, 32)).toEqual(
      last.secret,
    );
    await ok(bench.delete(await bench.access(first)));
    expect((await ok(bench.send(0x10, ...full))).data).toEqual(Buffer.of(0, 100));
    await bench.chip.dispose();
  });

  test('E-10 of 33 challenges the first is forgotten and the other 32 are good, in any order', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const { hash } = await bench.session();
    const challenges: Buffer[] = [];
    for (let at = 0; at < 33; at++) challenges.push(await bench.challenge());
    expect(new Set(challenges.map((challenge) => challenge.toString('hex'))).size).toBe(33);
    const access = (challenge: Buffer): Access => ({
      ...record,
      sessionHash: hash,
      digest: randomBytes(32),
      challenge,
    });
    const [first, ...others] = challenges;
    expect((await bench.read(access(first!))).sw).toBe('6984');
    for (const challenge of others.toReversed()) await ok(bench.read(access(challenge)));
    await bench.chip.dispose();
  });

  test('of 33 sessions the first is forgotten, and is known again once its payload is shown again', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const first = await bench.session();
    for (let at = 0; at < 32; at++) await bench.session();
    const attempt = async (): Promise<string> => {
      const access = {
        ...record,
        sessionHash: first.hash,
        digest: randomBytes(32),
        challenge: await bench.challenge(),
      };
      return (await bench.read(access)).sw;
    };
    expect(await attempt()).toBe('6985');
    expect((await bench.session(first.payload)).hash).toEqual(first.hash);
    expect(await attempt()).toBe('9000');
    await bench.chip.dispose();
  });

  test('E-10 20 sessions at once, with a reset in the middle: each is read once, the open ones after a renewal', async () => {
    const bench = await Bench.ready(factory);
    const sessions = [];
    for (let at = 0; at < 20; at++) {
      const record = await bench.store();
      const session = await bench.session();
      const challenge = await bench.challenge();
      const access = { ...record, sessionHash: session.hash, digest: randomBytes(32), challenge };
      sessions.push({ record, session, access, signature: bench.authorise(0x12, access) });
    }
    for (const { record, access, signature } of sessions.slice(0, 10).toReversed()) {
      const { data } = await ok(bench.read(access, signature));
      expect(data.subarray(0, 32)).toEqual(record.secret);
    }
    await bench.resetAndVerify();
    for (const { record, session, access, signature } of sessions.slice(10)) {
      expect((await bench.read(access, signature)).sw).toBe('6984');
      const renewed = { ...access, challenge: await bench.challenge() };
      expect((await bench.read(renewed)).sw).toBe('6985');
      await bench.session(session.payload);
      const last = { ...access, challenge: await bench.challenge() };
      const { data } = await ok(bench.read(last));
      expect(data.subarray(0, 32)).toEqual(record.secret);
      expect(data.readUInt32BE(32)).toBe(1);
    }
    await bench.chip.dispose();
  });

  test('a SELECT keeps challenges and sessions, and needs the PIN again', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const open = await bench.access(record);
    await ok(transmit(bench.chip, SELECT));
    expect((await bench.read(open)).sw).toBe('6982');
    await ok(bench.send(0x20, PIN));
    const { data } = await ok(bench.read(open));
    expect(data.subarray(0, 32)).toEqual(record.secret);
    await bench.chip.dispose();
  });

  test('a reset keeps records and counts, and forgets challenges and sessions', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    await ok(bench.read(await bench.access(record)));
    const open = await bench.access(record);
    await bench.resetAndVerify();
    expect((await bench.read(open)).sw).toBe('6984');
    const stale = { ...open, challenge: await bench.challenge() };
    expect((await bench.read(stale)).sw).toBe('6985');
    const { data } = await ok(bench.read(await bench.access(record)));
    expect(data.subarray(0, 32)).toEqual(record.secret);
    expect(data.readUInt32BE(32)).toBe(2);
    await bench.chip.dispose();
  });
}
