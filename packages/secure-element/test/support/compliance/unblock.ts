import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  Bench,
  type ChipFactory,
  command,
  makeAuthority,
  ok,
  personaliseWithPuk,
  PIN,
  PUK,
  SELECT,
  transmit,
  unblockMessage,
} from '../host.ts';

const NEW_PIN = Buffer.from('161803');
const WRONG_PUK = Buffer.from('PUK-27182819');
const INS = 0x2c;

async function ready(factory: ChipFactory): Promise<Bench> {
  const bench = await Bench.readyWithPuk(factory);
  await bench.block();
  return bench;
}

async function unblock(
  bench: Bench,
  change: Parameters<Bench['unblocking']>[0] = {},
): Promise<string> {
  return (await bench.send(INS, await bench.unblocking(change))).sw;
}

/** Every chip, also one that cannot have a PUK. */
export function noPukTests(factory: ChipFactory, takesPuk: boolean): void {
  test('Z-1: a chip without a PUK does not know UNBLOCK, before and after it is personalised', async () => {
    const blank = await factory();
    await ok(transmit(blank, SELECT));
    expect((await command(blank, INS, randomBytes(80))).sw).toBe('6d00');
    expect((await command(blank, INS)).sw).toBe('6d00');
    await blank.dispose();
    const bench = await Bench.ready(factory);
    expect((await bench.info()).flags & 0x3e).toBe(0);
    expect(await unblock(bench)).toBe('6d00');
    await bench.chip.dispose();
  });

  test('Z-1: PERSONALISE takes a PUK with P1 01 where a chip can have one, and no other P1', async () => {
    const chip = await factory();
    const { publicKey } = makeAuthority();
    await ok(transmit(chip, SELECT));
    const third = Buffer.from('80060200', 'hex');
    expect((await transmit(chip, third)).sw).toBe('6a86');
    expect((await personaliseWithPuk(chip, publicKey)).sw).toBe(takesPuk ? '9000' : '6a86');
    await chip.dispose();
  });
}

export function unblockTests(factory: ChipFactory): void {
  test('Z-1: PERSONALISE refuses a PUK of 7 or 17 bytes, and lengths that do not add up', async () => {
    const chip = await factory();
    const { publicKey } = makeAuthority();
    await ok(transmit(chip, SELECT));
    for (const parts of [
      { puk: Buffer.alloc(7, 1) },
      { puk: Buffer.alloc(17, 1) },
      { pin: Buffer.alloc(3, 1) },
      { pin: Buffer.alloc(17, 1), puk: Buffer.alloc(8, 1) },
    ]) {
      expect((await personaliseWithPuk(chip, publicKey, parts)).sw).toBe('6700');
    }
    for (const length of [3, 5, 11, 12, 255]) {
      const data = Buffer.concat([publicKey, Buffer.of(length), Buffer.alloc(12, 1)]);
      const apdu = Buffer.concat([Buffer.from('80060100', 'hex'), Buffer.of(data.length), data]);
      expect((await transmit(chip, apdu)).sw, `${length}`).toBe('6700');
    }
    const notPoint = publicKey.map((byte, at) => (at === 64 ? byte ^ 1 : byte));
    expect((await personaliseWithPuk(chip, notPoint)).sw).toBe('6a80');
    await ok(personaliseWithPuk(chip, publicKey));
    expect((await personaliseWithPuk(chip, publicKey)).sw).toBe('6985');
    await chip.dispose();
  });

  test('Z-1: a chip with a PUK tells its ten tries and takes its PIN', async () => {
    const bench = await Bench.readyWithPuk(factory);
    expect(await bench.info()).toMatchObject({ tries: 3, pukTries: 10 });
    await ok(bench.send(0x08, randomBytes(171)));
    await bench.chip.dispose();
  });

  test('Z-1: UNBLOCK sets the new PIN, gives all tries back and verifies nothing', async () => {
    const bench = await ready(factory);
    const record = await storedBefore(bench);
    expect(await unblock(bench, { puk: WRONG_PUK })).toBe('63c9');
    const before = await bench.info();
    expect(before).toMatchObject({ tries: 0, pukTries: 9 });
    expect(await unblock(bench)).toBe('9000');
    const after = await bench.info();
    expect(after).toMatchObject({ tries: 3, pukTries: 10, counter: before.counter + 2 });
    expect((await bench.send(0x08, randomBytes(171))).sw).toBe('6982');
    expect((await bench.send(0x20, PIN)).sw).toBe('63c2');
    await ok(bench.send(0x20, NEW_PIN));
    const { data } = await ok(bench.read(await bench.access(record)));
    expect(data.subarray(0, 32)).toEqual(record.secret);
    await bench.chip.dispose();
  });

  test('Z-1: UNBLOCK is refused while the PIN is not blocked, and spends nothing', async () => {
    const bench = await Bench.readyWithPuk(factory);
    const data = await bench.unblocking();
    expect((await bench.send(INS, data)).sw).toBe('6985');
    expect((await bench.info()).pukTries).toBe(10);
    await bench.block();
    await ok(bench.send(INS, data));
    await bench.chip.dispose();
  });

  test('Z-1: without an authorisation no try of the PUK is counted, and the challenge is spent', async () => {
    const bench = await ready(factory);
    const before = await bench.info();
    const other = makeAuthority();
    const challenge = await bench.challenge();
    const signs = [
      (open: Buffer) => other.sign(unblockMessage(bench.chipKey, open)),
      (open: Buffer) => bench.authority.sign(unblockMessage(other.publicKey, open)),
      () => bench.authority.sign(unblockMessage(bench.chipKey, randomBytes(16))),
      (open: Buffer) => {
        const label = Buffer.from('quorate-se/v1/rotate');
        return bench.authority.sign(Buffer.concat([label, bench.chipKey, open]));
      },
      () => Buffer.from('3006020101020101', 'hex'),
      () => randomBytes(70),
    ];
    for (const sign of signs) {
      const open = await bench.challenge();
      const data = await bench.unblocking({ challenge: open, signature: sign(open) });
      expect((await bench.send(INS, data)).sw).toBe('6300');
      expect(await unblock(bench, { challenge: open })).toBe('6984');
    }
    expect(await unblock(bench, { challenge: randomBytes(16) })).toBe('6984');
    expect(await bench.info()).toEqual(before);
    expect(await unblock(bench, { challenge })).toBe('9000');
    await bench.chip.dispose();
  });

  test('Z-1: one authorisation is one try of the PUK, and none after a reset', async () => {
    const bench = await ready(factory);
    const data = await bench.unblocking({ puk: WRONG_PUK });
    expect((await bench.send(INS, data)).sw).toBe('63c9');
    expect((await bench.send(INS, data)).sw).toBe('6984');
    const kept = await bench.unblocking();
    await bench.chip.reset();
    await ok(transmit(bench.chip, SELECT));
    expect((await bench.send(INS, kept)).sw).toBe('6984');
    expect((await bench.info()).pukTries).toBe(9);
    await bench.chip.dispose();
  });

  test('Z-1: ten wrong PUKs use the PUK up: the right one does not help any more', async () => {
    const bench = await ready(factory);
    for (let left = 9; left >= 0; left--) {
      expect(await unblock(bench, { puk: WRONG_PUK })).toBe(`63c${left}`);
      expect((await bench.info()).pukTries).toBe(left);
    }
    const { counter } = await bench.info();
    expect(await unblock(bench)).toBe('6983');
    await bench.chip.reset();
    await ok(transmit(bench.chip, SELECT));
    expect(await unblock(bench)).toBe('6983');
    expect(await bench.info()).toMatchObject({ tries: 0, pukTries: 0, counter });
    expect((await bench.send(0x20, PIN)).sw).toBe('6983');
    await bench.chip.dispose();
  });

  test('Z-1: a PUK that differs in length, in its last byte or is a prefix is wrong', async () => {
    const bench = await ready(factory);
    const longer = Buffer.concat([PUK, Buffer.of(0)]);
    for (const puk of [PUK.subarray(0, -1), longer, WRONG_PUK, PIN_AS_PUK]) {
      expect(await unblock(bench, { puk })).toMatch(/^63c[6-9]$/);
    }
    expect((await bench.info()).pukTries).toBe(6);
    await bench.chip.dispose();
  });

  test('Z-1: lengths of UNBLOCK that do not add up are refused before anything else', async () => {
    const bench = await ready(factory);
    const before = await bench.info();
    const challenge = await bench.challenge();
    for (const length of [0, 37, 123]) {
      expect((await bench.send(INS, Buffer.alloc(length))).sw).toBe('6700');
    }
    for (const [puk, pin, der] of [
      [7, 6, 70],
      [17, 6, 70],
      [12, 3, 70],
      [12, 17, 70],
      [12, 6, 7],
      [12, 6, 73],
      [255, 6, 70],
      [12, 255, 70],
    ] as const) {
      const data = Buffer.concat([
        challenge,
        Buffer.of(puk),
        Buffer.alloc(Math.min(puk, 17)),
        Buffer.of(pin),
        Buffer.alloc(Math.min(pin, 17)),
        Buffer.alloc(der),
      ]);
      expect((await bench.send(INS, data)).sw, `${puk} ${pin} ${der}`).toBe('6700');
    }
    expect(await bench.info()).toEqual(before);
    expect(await unblock(bench, { challenge })).toBe('9000');
    await bench.chip.dispose();
  });
}

const PIN_AS_PUK = Buffer.from('3141593141');

/** A record of a chip whose PIN is blocked already: it was stored while the PIN was right. */
async function storedBefore(bench: Bench): ReturnType<Bench['store']> {
  await ok(bench.send(INS, await bench.unblocking({ pin: PIN })));
  await ok(bench.send(0x20, PIN));
  const record = await bench.store();
  await bench.block();
  return record;
}
