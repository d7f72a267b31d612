import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Bench, type ChipFactory, ok, PIN, SELECT, transmit } from '../host.ts';

const WRONG = Buffer.from('271828');

/** A chip's report of the tries: after a wrong PIN, in GET INFO with all tries, and with fewer. */
export interface ToldTries {
  readonly wrong: string;
  readonly all: number;
  readonly fewer: number;
}

export function pinTests(factory: ChipFactory, told: ToldTries): void {
  test('every command that needs the PIN is refused without it, and spends nothing', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    await bench.chip.reset();
    await ok(transmit(bench.chip, SELECT));
    const challenge = await bench.challenge();
    const access = { ...record, sessionHash: randomBytes(32), digest: randomBytes(32), challenge };
    expect((await bench.read(access)).sw).toBe('6982');
    expect((await bench.delete(access)).sw).toBe('6982');
    expect((await bench.send(0x07, randomBytes(153))).sw).toBe('6982');
    expect((await bench.send(0x08, randomBytes(171))).sw).toBe('6982');
    expect((await bench.send(0x09, randomBytes(32))).sw).toBe('6982');
    expect((await bench.send(0x10, randomBytes(84))).sw).toBe('6982');
    await ok(bench.send(0x20, PIN));
    const { hash } = await bench.session();
    await ok(bench.read({ ...access, sessionHash: hash }));
    await bench.chip.dispose();
  });

  test('the right PIN gives all tries back; a wrong one takes the verification away', async () => {
    const bench = await Bench.ready(factory);
    await bench.send(0x20, WRONG);
    expect((await bench.send(0x08, randomBytes(171))).sw).toBe('6982');
    await bench.send(0x20, WRONG);
    await ok(bench.send(0x20, PIN));
    expect((await bench.info()).tries).toBe(told.all);
    await ok(bench.send(0x08, randomBytes(171)));
    await bench.chip.dispose();
  });

  test('a PIN that differs in length, in its last byte or is a prefix is wrong', async () => {
    const bench = await Bench.ready(factory);
    for (const pin of [
      PIN.subarray(0, 5),
      Buffer.concat([PIN, Buffer.of(0)]),
      Buffer.from('314158'),
    ]) {
      expect((await bench.send(0x20, pin)).sw).toBe(told.wrong);
      await ok(bench.send(0x20, PIN));
    }
    await bench.chip.dispose();
  });

  test('SELECT takes the verification away, a reset too', async () => {
    const bench = await Bench.ready(factory);
    await ok(transmit(bench.chip, SELECT));
    expect((await bench.send(0x09, randomBytes(32))).sw).toBe('6982');
    await bench.resetAndVerify();
    await ok(bench.send(0x09, randomBytes(32)));
    await bench.chip.dispose();
  });

  test('CHANGE PIN needs the old PIN, which costs a try, and the old PIN is wrong after it', async () => {
    const bench = await Bench.ready(factory);
    const changed = Buffer.from('16180339');
    expect((await bench.send(0x24, Buffer.of(6), WRONG, changed)).sw).toBe(told.wrong);
    expect((await bench.info()).tries).toBe(told.fewer);
    for (const [length, pins] of [
      [3, Buffer.alloc(12)],
      [17, Buffer.alloc(30)],
      [9, Buffer.alloc(12)],
      [4, Buffer.alloc(22)],
      [255, Buffer.alloc(12)],
    ] as const) {
      expect((await bench.send(0x24, Buffer.of(length), pins)).sw).toBe('6700');
    }
    await ok(bench.send(0x24, Buffer.of(6), PIN, changed));
    expect((await bench.info()).tries).toBe(told.all);
    await bench.chip.reset();
    await ok(transmit(bench.chip, SELECT));
    expect((await bench.send(0x20, PIN)).sw).toBe(told.wrong);
    await ok(bench.send(0x20, changed));
    await bench.chip.dispose();
  });
}

export function pinTryTests(factory: ChipFactory): void {
  test('three wrong PINs block the chip, for the right PIN and after a reset too', async () => {
    const bench = await Bench.ready(factory);
    expect((await bench.send(0x20, WRONG)).sw).toBe('63c2');
    expect((await bench.info()).tries).toBe(2);
    expect((await bench.send(0x20, WRONG)).sw).toBe('63c1');
    expect((await bench.send(0x20, WRONG)).sw).toBe('63c0');
    expect((await bench.send(0x20, PIN)).sw).toBe('6983');
    expect((await bench.send(0x24, Buffer.of(6), PIN, PIN)).sw).toBe('6983');
    await bench.chip.reset();
    await ok(transmit(bench.chip, SELECT));
    expect((await bench.send(0x20, PIN)).sw).toBe('6983');
    expect((await bench.send(0x08, randomBytes(171))).sw).toBe('6982');
    expect((await bench.info()).tries).toBe(0);
    await bench.chip.dispose();
  });

  test('wrong PINs of VERIFY and CHANGE PIN count together', async () => {
    const bench = await Bench.ready(factory);
    expect((await bench.send(0x20, WRONG)).sw).toBe('63c2');
    expect((await bench.send(0x24, Buffer.of(6), WRONG, PIN)).sw).toBe('63c1');
    expect((await bench.send(0x20, WRONG)).sw).toBe('63c0');
    expect((await bench.send(0x24, Buffer.of(6), PIN, PIN)).sw).toBe('6983');
    await bench.chip.dispose();
  });
}
