import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  Bench,
  type ChipFactory,
  command,
  makeAuthority,
  ok,
  PIN,
  SELECT,
  transmit,
} from '../host.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

function verifies(publicKey: Buffer, message: Buffer, der: Buffer): boolean {
  const prefix = bytes('3059301306072a8648ce3d020106082a8648ce3d030107034200');
  const key = createPublicKey({
    key: Buffer.concat([prefix, publicKey]),
    format: 'der',
    type: 'spki',
  });
  return verify('sha256', message, key, der);
}

export function commandTests(factory: ChipFactory): void {
  test('GET CPLC answers 42 bytes before and after SELECT, the same after a reset', async () => {
    const chip = await factory();
    const before = await ok(transmit(chip, bytes('80ca9f7f')));
    expect(before.data).toHaveLength(45);
    expect(before.data.subarray(0, 3).toString('hex')).toBe('9f7f2a');
    await ok(transmit(chip, SELECT));
    expect(await ok(transmit(chip, bytes('80ca9f7f00')))).toEqual(before);
    await chip.reset();
    expect(await ok(transmit(chip, bytes('80ca9f7f2d')))).toEqual(before);
    expect((await transmit(chip, bytes('80ca9f7e'))).sw).toBe('6a88');
    await chip.dispose();
  });

  test('before SELECT no command of the applet runs; another AID is not found', async () => {
    const chip = await factory();
    for (const ins of [0x02, 0x04, 0x06, 0x08, 0x10, 0x12, 0x14, 0x20, 0x84]) {
      expect((await command(chip, ins)).sw).toBe('6d00');
    }
    expect((await transmit(chip, bytes('00a4040009f051554f5241544502'))).sw).toBe('6a82');
    expect((await transmit(chip, bytes('00a4040008f051554f52415445'))).sw).toBe('6a82');
    expect((await transmit(chip, bytes('00a4000009f051554f5241544501'))).sw).toBe('6a86');
    expect((await command(chip, 0x02)).sw).toBe('6d00');
    await chip.dispose();
  });

  test('before personalisation only INFO, CHALLENGE and PERSONALISE run', async () => {
    const chip = await factory();
    await ok(transmit(chip, SELECT));
    await ok(command(chip, 0x02));
    await ok(command(chip, 0x84));
    const lengths = [
      [0x04, 0],
      [0x07, 153],
      [0x08, 171],
      [0x09, 32],
      [0x10, 84],
      [0x12, 204],
      [0x14, 204],
      [0x20, 6],
      [0x24, 13],
    ] as const;
    for (const [ins, length] of lengths) {
      expect((await command(chip, ins, randomBytes(length))).sw, `${ins}`).toBe('6985');
    }
    await chip.dispose();
  });

  test('PERSONALISE runs once, refuses keys that are no point, and makes the key on the chip', async () => {
    const chip = await factory();
    const { publicKey } = makeAuthority();
    await ok(transmit(chip, SELECT));
    for (const bad of [
      publicKey.map((byte, at) => (at === 64 ? byte ^ 1 : byte)),
      Buffer.alloc(65),
    ]) {
      expect((await command(chip, 0x06, bad, PIN)).sw).toBe('6a80');
    }
    expect((await command(chip, 0x06, publicKey, Buffer.alloc(3))).sw).toBe('6700');
    expect((await command(chip, 0x06, publicKey, Buffer.alloc(17))).sw).toBe('6700');
    expect((await command(chip, 0x04)).sw).toBe('6985');
    await ok(command(chip, 0x06, publicKey, PIN));
    expect((await command(chip, 0x06, publicKey, PIN)).sw).toBe('6985');
    expect((await ok(command(chip, 0x04))).data).toHaveLength(65);
    await chip.dispose();
    const [a, b] = [await Bench.ready(factory), await Bench.ready(factory)];
    expect(a.chipKey).not.toEqual(b.chipKey);
    await a.chip.dispose();
    await b.chip.dispose();
  });

  test('GET INFO tells capacity, use, tries, personalisation and the authorisation key', async () => {
    const bench = await Bench.ready(factory);
    const info = await bench.info();
    const fingerprint = createHash('sha256').update(bench.authority.publicKey).digest('hex');
    expect(info).toMatchObject({ version: '1.1', capacity: 100, used: 0, fingerprint });
    expect(info.flags & 1).toBe(1);
    await bench.store();
    expect((await bench.info()).used).toBe(1);
    expect((await bench.info()).counter).toBeGreaterThan(info.counter);
    await bench.chip.dispose();
  });

  test('REGISTER proves possession of the key over label, key, CPLC and nonce', async () => {
    const bench = await Bench.ready(factory);
    const nonce = randomBytes(32);
    const cplc = (await ok(transmit(bench.chip, bytes('80ca9f7f')))).data.subarray(3);
    const { data } = await ok(bench.send(0x09, nonce));
    const label = Buffer.from('quorate-se/v1/register');
    const message = Buffer.concat([label, bench.chipKey, cplc, nonce]);
    expect(verifies(bench.chipKey, message, data)).toBe(true);
    expect(verifies(bench.chipKey, Buffer.concat([label, cplc, nonce]), data)).toBe(false);
    await bench.chip.dispose();
  });

  test('SIGN SESSION signs the payload under its own label and key, never the bare payload', async () => {
    const bench = await Bench.ready(factory);
    const payload = randomBytes(171);
    const { data } = await ok(bench.send(0x08, payload));
    const label = Buffer.from('quorate-se/v1/session');
    expect(verifies(bench.chipKey, Buffer.concat([label, bench.chipKey, payload]), data)).toBe(
      true,
    );
    expect(verifies(bench.chipKey, payload, data)).toBe(false);
    await bench.chip.dispose();
  });

  test('commands with a wrong length, parameter, class or instruction are refused', async () => {
    const bench = await Bench.ready(factory);
    const { chip } = bench;
    const before = await bench.info();
    const send = async (hex: string): Promise<string> => (await transmit(chip, bytes(hex))).sw;
    for (const [ins, length] of [
      [0x02, 1],
      [0x04, 1],
      [0x84, 1],
      [0x08, 170],
      [0x08, 172],
      [0x09, 31],
      [0x10, 83],
      [0x10, 85],
      [0x12, 132],
      [0x12, 205],
      [0x14, 139],
      [0x07, 81],
      [0x20, 3],
      [0x20, 17],
      [0x24, 8],
      [0x24, 34],
    ] as const) {
      expect((await bench.send(ins, Buffer.alloc(length))).sw, `${ins} ${length}`).toBe('6700');
    }
    expect(await send('80020100')).toBe('6a86');
    expect(await send('80020001')).toBe('6a86');
    expect(await send('80030000')).toBe('6d00');
    expect(await send('80ff0000')).toBe('6d00');
    for (const cla of ['00', '81', '84', '90', 'ff'])
      expect(await send(`${cla}020000`)).toBe('6e00');
    for (const hex of ['', '80', '800200', '8002000002', '80020000020102ffff', '800200000000']) {
      expect(await send(hex), hex).toBe(hex === '8002000002' ? '6c2a' : '6700');
    }
    expect((await bench.info()).tries).toBe(before.tries);
    await chip.dispose();
  });

  test('short and extended forms, with and without Le, are the same command', async () => {
    const bench = await Bench.ready(factory);
    const { chip } = bench;
    for (const hex of [
      '80040000',
      '8004000000',
      '8004000041',
      '80040000000000',
      '80040000000041',
    ]) {
      expect((await ok(transmit(chip, bytes(hex)))).data, hex).toEqual(bench.chipKey);
    }
    const nonce = '11'.repeat(32);
    for (const hex of [
      `8009000020${nonce}`,
      `8009000020${nonce}00`,
      `80090000000020${nonce}`,
      `80090000000020${nonce}0000`,
    ]) {
      await ok(transmit(chip, bytes(hex)));
    }
    await chip.dispose();
  });

  test('a Le that is too short is refused before anything happens: 6C and the length', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const access = await bench.access(record);
    const signature = bench.authorise(0x12, access);
    const data = Buffer.concat([...Object.values(access), signature]);
    const apdu = Buffer.concat([bytes('80120000'), Buffer.of(data.length), data]);
    expect((await transmit(bench.chip, Buffer.concat([apdu, Buffer.of(32)]))).sw).toBe('6c24');
    const read = await ok(transmit(bench.chip, Buffer.concat([apdu, Buffer.of(36)])));
    expect(read.data.readUInt32BE(32)).toBe(1);
    await bench.chip.dispose();
  });
}
