import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Access, authorisation, Bench, type ChipFactory, makeAuthority, ok } from '../host.ts';

export function authorisationTests(factory: ChipFactory): void {
  test('READ gives the secret and counts its releases', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    for (const count of [1, 2, 3]) {
      const { data } = await ok(bench.read(await bench.access(record)));
      expect(data.subarray(0, 32)).toEqual(record.secret);
      expect(data.readUInt32BE(32)).toBe(count);
    }
    await bench.chip.dispose();
  });

  test('1.9.10 an authorisation works once: neither READ nor DELETE takes it again', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const access = await bench.access(record);
    const signature = bench.authorise(0x12, access);
    await ok(bench.read(access, signature));
    expect((await bench.read(access, signature)).sw).toBe('6984');
    expect((await bench.delete(access, signature)).sw).toBe('6984');
    await bench.resetAndVerify();
    expect((await bench.read(access, signature)).sw).toBe('6984');
    await bench.chip.dispose();
  });

  test('1.9.10 an authorisation of READ is none for DELETE, and the reverse', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const read = await bench.access(record);
    expect((await bench.delete(read, bench.authorise(0x12, read))).sw).toBe('6300');
    const remove = await bench.access(record);
    expect((await bench.read(remove, bench.authorise(0x14, remove))).sw).toBe('6300');
    expect((await bench.info()).used).toBe(1);
    await bench.chip.dispose();
  });

  test('1.9.10 an authorisation for another session, digest, record, address, challenge, chip or operation is refused', async () => {
    const bench = await Bench.ready(factory);
    const [record, second] = [await bench.store(), await bench.store()];
    const otherSession = (await bench.session()).hash;
    const changes: Partial<Access>[] = [
      { sessionHash: otherSession },
      { digest: randomBytes(32) },
      { recordId: second.recordId },
      { address: randomBytes(20) },
      { challenge: randomBytes(16) },
    ];
    for (const change of changes) {
      const access = await bench.access(record);
      const signature = bench.authorise(0x12, { ...access, ...change });
      expect((await bench.read(access, signature)).sw, Object.keys(change)[0]).toBe('6300');
    }
    const access = await bench.access(record);
    const otherChip = bench.authority.sign(authorisation(0x12, makeAuthority().publicKey, access));
    expect((await bench.read(access, otherChip)).sw).toBe('6300');
    for (const op of [0, 7, 8, 0x10, 0x13]) {
      const next = await bench.access(record);
      expect((await bench.read(next, bench.authorise(op, next))).sw).toBe('6300');
    }
    await bench.chip.dispose();
  });

  test('an authorisation by another key, or with a signature that is malformed, is refused', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const attempts: ((message: Buffer) => Buffer)[] = [
      (message) => makeAuthority().sign(message),
      () => randomBytes(70),
      () => Buffer.from('3006020100020100', 'hex'),
      () => Buffer.from('3006020101020101', 'hex'),
      (message) => {
        const der = bench.authority.sign(message);
        return Buffer.concat([der.subarray(0, -1), Buffer.of((der.at(-1) ?? 0) ^ 1)]);
      },
      (message) => {
        const der = bench.authority.sign(message);
        return der.length < 72 ? Buffer.concat([der, Buffer.of(0)]) : der.subarray(0, -1);
      },
    ];
    for (const [at, attempt] of attempts.entries()) {
      const access = await bench.access(record);
      const signature = attempt(authorisation(0x12, bench.chipKey, access));
      expect((await bench.read(access, signature)).sw, `attempt ${at}`).toBe('6300');
    }
    await bench.chip.dispose();
  });

  test('1.9.10 a challenge is spent by a failed attempt too, with every failure after it', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const failures: [string, (access: Access) => Promise<{ sw: string }>][] = [
      ['6300', (access) => bench.read(access, makeAuthority().sign(Buffer.alloc(1)))],
      ['6985', (access) => bench.read({ ...access, sessionHash: randomBytes(32) })],
      ['6a88', (access) => bench.read({ ...access, recordId: randomBytes(32) })],
      ['6a88', (access) => bench.read({ ...access, address: randomBytes(20) })],
      ['6300', (access) => bench.delete(access, bench.authorise(0x12, access))],
    ];
    for (const [sw, fail] of failures) {
      const access = await bench.access(record);
      expect((await fail(access)).sw).toBe(sw);
      expect((await bench.read(access)).sw).toBe('6984');
    }
    await bench.chip.dispose();
  });

  test('1.9.10 a valid authorisation for a session that this chip never signed is refused', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const access = { ...(await bench.access(record)), sessionHash: randomBytes(32) };
    expect((await bench.read(access)).sw).toBe('6985');
    const payload = randomBytes(171);
    const label = Buffer.from('quorate-se/v1/session');
    const foreign = createHash('sha256')
      .update(label)
      .update(randomBytes(65))
      .update(payload)
      .digest();
    await bench.session(payload);
    const second = { ...(await bench.access(record)), sessionHash: foreign };
    expect((await bench.read(second)).sw).toBe('6985');
    await bench.chip.dispose();
  });

  test('a challenge that the host made up is refused', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    for (const challenge of [randomBytes(16), Buffer.alloc(16)]) {
      const access = { ...(await bench.access(record)), challenge };
      expect((await bench.read(access)).sw).toBe('6984');
    }
    await bench.chip.dispose();
  });

  test('DELETE overwrites the record: it is gone, its slot is free, and a new secret is the new one', async () => {
    const bench = await Bench.ready(factory);
    const [record, kept] = [await bench.store(), await bench.store()];
    const { data } = await ok(bench.delete(await bench.access(record)));
    expect(data).toEqual(Buffer.of(1));
    expect((await bench.read(await bench.access(record))).sw).toBe('6a88');
    await ok(bench.read(await bench.access(kept)));
    const secret = randomBytes(32);
    const stored = await ok(bench.send(0x10, record.recordId, record.address, secret));
    expect(stored.data).toEqual(Buffer.of(0, 2));
    const read = await ok(bench.read(await bench.access(record)));
    expect(read.data.subarray(0, 32)).toEqual(secret);
    expect(read.data.readUInt32BE(32)).toBe(1);
    await bench.chip.dispose();
  });

  test('ROTATE needs the old key over an open challenge; afterwards only the new key authorises', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const next = makeAuthority();
    const message = (challenge: Buffer, key: Buffer = next.publicKey): Buffer =>
      Buffer.concat([Buffer.from('quorate-se/v1/rotate'), bench.chipKey, key, challenge]);
    const attempt = async (make: (challenge: Buffer) => Buffer): Promise<string> => {
      const challenge = await bench.challenge();
      return (await bench.send(0x07, next.publicKey, challenge, make(challenge))).sw;
    };
    expect(await attempt((challenge) => next.sign(message(challenge)))).toBe('6300');
    expect(await attempt(() => bench.authority.sign(message(randomBytes(16))))).toBe('6300');
    expect(
      await attempt((challenge) =>
        bench.authority.sign(message(challenge, makeAuthority().publicKey)),
      ),
    ).toBe('6300');
    const unknown = randomBytes(16);
    const signed = bench.authority.sign(message(unknown));
    expect((await bench.send(0x07, next.publicKey, unknown, signed)).sw).toBe('6984');
    const challenge = await bench.challenge();
    const proof = bench.authority.sign(message(challenge));
    await ok(bench.send(0x07, next.publicKey, challenge, proof));
    expect((await bench.send(0x07, next.publicKey, challenge, proof)).sw).toBe('6984');
    const access = await bench.access(record);
    expect((await bench.read(access)).sw).toBe('6300');
    const again = await bench.access(record);
    await ok(bench.read(again, next.sign(authorisation(0x12, bench.chipKey, again))));
    await bench.chip.dispose();
  });

  test('ROTATE to bytes that are no key is refused', async () => {
    const bench = await Bench.ready(factory);
    const challenge = await bench.challenge();
    const key = Buffer.concat([Buffer.of(4), Buffer.alloc(64)]);
    const label = Buffer.from('quorate-se/v1/rotate');
    const proof = bench.authority.sign(Buffer.concat([label, bench.chipKey, key, challenge]));
    expect((await bench.send(0x07, key, challenge, proof)).sw).toBe('6a80');
    await bench.chip.dispose();
  });
}
