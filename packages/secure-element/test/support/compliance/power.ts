import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Bench, type ChipFactory, ok, PIN, PUK, SELECT, transmit } from '../host.ts';

/** A command during which the power goes: whatever comes back is not an answer. */
async function torn(answer: Promise<{ sw: string }>): Promise<void> {
  const sw = await answer.then(
    (given) => given.sw,
    () => 'no answer',
  );
  expect(sw).not.toBe('9000');
  expect(sw).not.toMatch(/^63c/);
}

export function powerTests(factory: ChipFactory): void {
  test('E-6: a power cut during VERIFY costs a try, with a wrong PIN and with the right one', async () => {
    const bench = await Bench.ready(factory);
    for (const [pin, left] of [
      [Buffer.from('000000'), 2],
      [PIN, 1],
      [Buffer.from('000000'), 0],
    ] as const) {
      await bench.chip.resetAndCutPowerAfterWrite(1);
      await ok(transmit(bench.chip, SELECT));
      await torn(bench.send(0x20, pin));
      await bench.chip.reset();
      await ok(transmit(bench.chip, SELECT));
      expect((await bench.info()).tries).toBe(left);
    }
    expect((await bench.send(0x20, PIN)).sw).toBe('6983');
    await bench.chip.dispose();
  });

  test('E-6: a power cut during CHANGE PIN costs a try and leaves one of the two PINs', async () => {
    const bench = await Bench.ready(factory);
    await bench.chip.resetAndCutPowerAfterWrite(1);
    await ok(transmit(bench.chip, SELECT));
    await torn(bench.send(0x24, Buffer.of(6), PIN, Buffer.from('161803')));
    await bench.chip.reset();
    await ok(transmit(bench.chip, SELECT));
    expect((await bench.info()).tries).toBe(2);
    await ok(bench.send(0x20, PIN));
    await bench.chip.dispose();
  });

  test('E-1: a power cut during READ has counted the release that never came', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    await bench.chip.resetAndCutPowerAfterWrite(3);
    await ok(transmit(bench.chip, SELECT));
    await ok(bench.send(0x20, PIN));
    await torn(bench.read(await bench.access(record)));
    await bench.resetAndVerify();
    const { data } = await ok(bench.read(await bench.access(record)));
    expect(data.readUInt32BE(32)).toBe(2);
    await bench.chip.dispose();
  });

  test('a power cut during STORE leaves a whole record or none', async () => {
    const bench = await Bench.ready(factory);
    const record = {
      recordId: randomBytes(32),
      address: randomBytes(20),
      secret: randomBytes(32),
    };
    await bench.chip.resetAndCutPowerAfterWrite(3);
    await ok(transmit(bench.chip, SELECT));
    await ok(bench.send(0x20, PIN));
    await torn(bench.send(0x10, record.recordId, record.address, record.secret));
    await bench.resetAndVerify();
    const { data } = await ok(bench.read(await bench.access(record)));
    expect(data.subarray(0, 32)).toEqual(record.secret);
    await bench.chip.dispose();
  });

  test('E-6, Z-1: a power cut during UNBLOCK costs a try of the PUK, with a wrong one and with the right one', async () => {
    const bench = await Bench.readyWithPuk(factory);
    await bench.block();
    for (const [puk, left] of [
      [Buffer.from('00000000'), 9],
      [PUK, 8],
    ] as const) {
      await bench.chip.resetAndCutPowerAfterWrite(1);
      await ok(transmit(bench.chip, SELECT));
      await torn(bench.send(0x2c, await bench.unblocking({ puk })));
      await bench.chip.reset();
      await ok(transmit(bench.chip, SELECT));
      expect(await bench.info()).toMatchObject({ tries: 0, pukTries: left });
    }
    await bench.chip.resetAndCutPowerAfterWrite(2);
    await ok(transmit(bench.chip, SELECT));
    await torn(bench.send(0x2c, await bench.unblocking()));
    await bench.chip.reset();
    await ok(transmit(bench.chip, SELECT));
    expect(await bench.info()).toMatchObject({ tries: 3, pukTries: 10 });
    await ok(bench.send(0x20, Buffer.from('161803')));
    await bench.chip.dispose();
  });
}
