import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { accessData, Bench, type ChipFactory, ok, PIN, PUK, SELECT, transmit } from '../host.ts';

/** Every status word of docs/spec/chip.md §4. */
const DOCUMENTED =
  /^(9000|6300|63c[0-9ef]|6581|6700|698[2-5]|6a80|6a82|6a84|6a86|6a88|6a89|6c[0-9a-f]{2}|6d00|6e00)$/;

const ALL = [0x02, 0x04, 0x06, 0x07, 0x08, 0x09, 0x10, 0x12, 0x14, 0x2c, 0x84, 0xa4, 0xca];
const LENGTHS = [
  0, 1, 16, 32, 38, 71, 78, 84, 98, 122, 131, 132, 140, 153, 171, 200, 204, 205, 255,
];

const data = fc.oneof(
  fc.uint8Array({ maxLength: 255 }),
  fc
    .constantFrom(...LENGTHS)
    .chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
);

/** Commands that are nearly right. */
const structured = fc
  .tuple(
    fc.constantFrom(0x80, 0x80, 0x80, 0x00, 0x84),
    fc.constantFrom(...ALL),
    fc.constantFrom(0, 0, 0, 0, 1, 4, 0x9f, 255),
    fc.constantFrom(0, 0, 0, 0, 0x7f),
    data,
    fc.constantFrom('', '00', '20', 'ff', '0000'),
    fc.boolean(),
  )
  .map(([cla, ins, p1, p2, body, le, extended]) => {
    const length = extended ? [0, body.length >> 8, body.length & 255] : [body.length];
    const lc = body.length === 0 ? [] : length;
    return Uint8Array.of(cla, ins, p1, p2, ...lc, ...body, ...Buffer.from(le, 'hex'));
  });

export function fuzzTests(factory: ChipFactory, part: number): void {
  const runs = (all: number): number => Math.ceil(all * part);

  test('random and nearly right APDUs get a documented status word, and no secret leaves', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    await bench.session();
    const secret = record.secret.toString('hex');
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), structured, structured);
    const skipPin = bytes.filter((apdu) => apdu[1] !== 0x20 && apdu[1] !== 0x24);
    await fc.assert(
      fc.asyncProperty(skipPin, async (apdu) => {
        const answer = await transmit(bench.chip, apdu);
        expect(answer.sw).toMatch(DOCUMENTED);
        expect(answer.data.toString('hex')).not.toContain(secret);
      }),
      { numRuns: runs(2500) },
    );
    await bench.resetAndVerify();
    const { data: released } = await ok(bench.read(await bench.access(record)));
    expect(released.subarray(0, 32)).toEqual(record.secret);
    expect(released.readUInt32BE(32)).toBe(1);
    await bench.chip.dispose();
  });

  test('READs and DELETEs with open challenges and forged or damaged authorisations release nothing', async () => {
    const bench = await Bench.ready(factory);
    const record = await bench.store();
    const { hash } = await bench.session();
    const flips = fc.tuple(
      fc.nat(203),
      fc.integer({ min: 1, max: 255 }),
      fc.constantFrom(0x12, 0x14),
    );
    await fc.assert(
      fc.asyncProperty(flips, async ([at, flip, ins]) => {
        const challenge = await bench.challenge();
        const access = { ...record, sessionHash: hash, digest: randomBytes(32), challenge };
        const good = accessData(access, bench.authorise(ins, access));
        const place = at % good.length;
        const damaged = good.map((byte, index) => (index === place ? byte ^ flip : byte));
        const answer = await bench.send(ins, damaged);
        expect(answer.sw).toMatch(/^(6300|698[45]|6a88)$/);
        expect(answer.data).toHaveLength(0);
      }),
      { numRuns: runs(500) },
    );
    expect((await bench.info()).used).toBe(1);
    await bench.chip.dispose();
  });
}

export function pinFuzzTests(factory: ChipFactory, part: number): void {
  test('Z-1: UNBLOCKs with open challenges and damaged authorisations count no try of the PUK', async () => {
    const bench = await Bench.readyWithPuk(factory);
    await bench.block();
    const flips = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(flips, async ([at, flip]) => {
        const good = await bench.unblocking();
        // Lengths, challenge and signature; PUK and new PIN are not what the authorisation covers.
        const places = good.length - PUK.length - 6;
        const place = at % places;
        const covered = place < 17 ? place : place < 18 ? 17 + PUK.length : place + PUK.length + 6;
        const damaged = good.map((byte, index) => (index === covered ? byte ^ flip : byte));
        expect((await bench.send(0x2c, damaged)).sw).toMatch(/^(6300|6984|6700)$/);
      }),
      { numRuns: Math.ceil(200 * part) },
    );
    expect(await bench.info()).toMatchObject({ tries: 0, pukTries: 10 });
    await ok(bench.send(0x2c, await bench.unblocking()));
    await bench.chip.dispose();
  });

  test('random PIN commands never verify and block after three wrong PINs at most', async () => {
    const bench = await Bench.ready(factory);
    const pins = fc
      .tuple(fc.constantFrom(0x20, 0x24), fc.uint8Array({ maxLength: 40 }))
      .filter(([, body]) => !Buffer.from(body).includes(PIN));
    let wrong = 0;
    await fc.assert(
      fc.asyncProperty(pins, async ([ins, body]) => {
        const { sw } = await bench.send(ins, body);
        expect(sw).toMatch(/^(63c[0-2]|6700|6983)$/);
        if (sw.startsWith('63c')) wrong += 1;
      }),
      { numRuns: Math.ceil(300 * part) },
    );
    expect(wrong).toBe(3);
    await ok(transmit(bench.chip, SELECT));
    expect((await bench.send(0x20, PIN)).sw).toBe('6983');
    await bench.chip.dispose();
  });
}
