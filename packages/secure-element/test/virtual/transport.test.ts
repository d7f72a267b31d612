import fs from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { publishBuiltinSpies } from '../../../../test/support/builtinSpies.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { SealedFile } from '../../src/virtual/sealedFile.ts';
import { Bench, ok, PIN } from '../support/host.ts';
import { makeVirtualChip, PASSPHRASE } from '../support/virtualHarness.ts';

type Flushed = (error: NodeJS.ErrnoException | null) => void;

const flushes: { descriptor: number; done: Flushed }[] = [];
let isHeld = false;
const flushNow = fs.fdatasync;
vi.spyOn(fs, 'fdatasync').mockImplementation((descriptor: number, done: Flushed) => {
  if (isHeld) flushes.push({ descriptor, done });
  else flushNow(descriptor, done);
});
publishBuiltinSpies();

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  isHeld = false;
  for (const { done } of flushes.splice(0)) done(null);
  for (const step of cleanUp.splice(0)) await step();
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A chip with a record whose READ has begun; every flush of its write waits for the test. */
async function readingChip() {
  const chip = await makeVirtualChip();
  cleanUp.push(() => chip.dispose());
  const bench = await Bench.ready(async () => chip);
  const record = await bench.store();
  const access = await bench.access(record);
  isHeld = true;
  const events: string[] = [];
  const answer = bench.read(access).then((given) => {
    events.push('answered');
    return given;
  });
  await turn();
  const countOnDisk = async (): Promise<number | undefined> => {
    const { file, state } = await SealedFile.open(chip.file, PASSPHRASE);
    file.close();
    return state.records[0]?.releaseCount;
  };
  return { bench, record, answer, events, countOnDisk };
}

/** Lets the flush that is waited for end. */
async function endFlush(error: NodeJS.ErrnoException | null = null): Promise<void> {
  await eventually(() => flushes.length === 1);
  flushes.pop()?.done(error);
  await turn();
}

test('E-1: the answer of a READ waits for the one flush that puts its count on disk', async () => {
  const { answer, events, countOnDisk } = await readingChip();
  await eventually(() => flushes.length === 1);
  for (let turns = 0; turns < 20; turns += 1) await turn();
  expect(events).toEqual([]);
  await endFlush();
  expect((await ok(answer)).data.readUInt32BE(32)).toBe(1);
  expect(flushes).toEqual([]);
  expect(await countOnDisk()).toBe(1);
});

test('a command waits for the write of the one before it', async () => {
  const { bench, answer, events } = await readingChip();
  const info = bench.info().then((given) => {
    events.push('info');
    return given;
  });
  await turn();
  expect(events).toEqual([]);
  await endFlush();
  await answer;
  await info;
  expect(events).toEqual(['answered', 'info']);
});

test('Z-4: a READ whose flush fails gives no secret, and the chip goes on by what the file holds', async () => {
  const { bench, record, answer, countOnDisk } = await readingChip();
  await endFlush(new Error('input/output error'));
  expect(await answer).toMatchObject({ sw: '6581', data: Buffer.alloc(0) });
  isHeld = false;
  expect(await countOnDisk()).toBe(1);
  expect((await bench.send(0x02)).sw).toBe('9000');
  await ok(bench.send(0x20, PIN));
  const { hash } = await bench.session();
  const again = { ...(await bench.access(record)), sessionHash: hash };
  expect((await ok(bench.read(again))).data.readUInt32BE(32)).toBe(2);
});
