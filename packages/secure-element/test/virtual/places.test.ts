// The two places for a state in a chip's file: a power cut during a READ leaves one of them whole.
import fs, { readFileSync, statSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { publishBuiltinSpies } from '../../../../test/support/builtinSpies.ts';
import { SealedFile } from '../../src/virtual/sealedFile.ts';
import type { ChipState } from '../../src/virtual/state.ts';
import { makeChipFile, PASSPHRASE, SCRYPT_COST } from '../support/virtualHarness.ts';

const SECTOR = 512;

let failing = false;
const flush = fs.fdatasync;
vi.spyOn(fs, 'fdatasync').mockImplementation((descriptor, done) => {
  if (failing) setImmediate(() => done(new Error('input/output error')));
  else flush(descriptor, done);
});
publishBuiltinSpies();

const stateOf = (counter: number): ChipState => ({
  counter,
  cplc: new Uint8Array(42),
  triesLeft: 3,
  personalisation: null,
  records: [
    {
      recordId: new Uint8Array(32).fill(1),
      address: new Uint8Array(20).fill(2),
      secret: new Uint8Array(32).fill(3),
      releaseCount: counter,
    },
    ...Array.from({ length: 99 }, () => null),
  ],
});

async function newFile(): Promise<{ path: string; sealed: SealedFile }> {
  const { file: path, remove } = makeChipFile();
  onTestFinished(remove);
  const sealed = await SealedFile.create(path, PASSPHRASE, SCRYPT_COST, stateOf(0));
  onTestFinished(() => sealed.close());
  return { path, sealed };
}

test('E-1: each state is the newest in turn, whichever place it is in', async () => {
  const { path, sealed } = await newFile();
  const sizes = new Set<number>();
  for (let counter = 1; counter <= 5; counter += 1) {
    await sealed.writeMeanwhile(stateOf(counter));
    expect(sealed.read()).toEqual(stateOf(counter));
    sizes.add(readFileSync(path).length);
  }
  expect(sizes.size).toBe(1);
});

test('E-6: a write that a power cut tears leaves the state before it, or the new one', async () => {
  const { path, sealed } = await newFile();
  for (let counter = 1; counter <= 4; counter += 1) {
    const before = readFileSync(path);
    await sealed.writeMeanwhile(stateOf(counter));
    const after = readFileSync(path);
    const seen = new Set<number>();
    for (let cut = 0; cut <= after.length; cut += SECTOR) {
      for (const torn of [
        // Written up to there; or only from there on.
        Buffer.concat([after.subarray(0, cut), before.subarray(cut)]),
        Buffer.concat([
          before.subarray(0, cut),
          Buffer.alloc(Math.max(0, cut - before.length)),
          after.subarray(cut),
        ]),
      ]) {
        writeFileSync(path, torn);
        const { counter: found } = sealed.read();
        expect([counter - 1, counter]).toContain(found);
        seen.add(found);
      }
    }
    expect(seen.size).toBe(2);
    writeFileSync(path, after);
  }
});

test('E-2: a place that was altered never opens to another state; with both of them altered nothing opens', async () => {
  const { path, sealed } = await newFile();
  await sealed.writeMeanwhile(stateOf(1));
  const content = readFileSync(path);
  const [first, second] = [100, content.length - 100];
  for (const [at, counter] of [
    [first, 1],
    [second, 0],
  ] as const) {
    const altered = Buffer.from(content);
    altered[at] = (altered[at] ?? 0) ^ 1;
    writeFileSync(path, altered);
    expect(sealed.read().counter).toBe(counter);
  }
  const both = Buffer.from(content);
  for (const at of [first, second]) both[at] = (both[at] ?? 0) ^ 1;
  writeFileSync(path, both);
  expect(() => sealed.read()).toThrow(expect.objectContaining({ code: 'file-unreadable' }));
});

test('every change but a release leaves no earlier state in the file', async () => {
  const { path, sealed } = await newFile();
  const alone = readFileSync(path).length;
  await sealed.writeMeanwhile(stateOf(1));
  expect(readFileSync(path).length).toBeGreaterThan(alone);
  sealed.write(stateOf(2));
  expect(readFileSync(path)).toHaveLength(alone);
});

test('a state is never written over one that may be the only durable one', async () => {
  const { path } = await newFile();
  const { file: again } = await SealedFile.open(path, PASSPHRASE);
  onTestFinished(() => again.close());
  const inode = (): number => statSync(path).ino;
  const opened = inode();
  // It has read both places, and knows of neither whether the disk has it.
  await again.writeMeanwhile(stateOf(1));
  const written = inode();
  expect(written).not.toBe(opened);
  await again.writeMeanwhile(stateOf(2));
  expect(inode()).toBe(written);
});

test('Z-4: after a flush that failed, the next state is not written over the one before it', async () => {
  const { path, sealed } = await newFile();
  const alone = readFileSync(path).length;
  await sealed.writeMeanwhile(stateOf(1));
  failing = true;
  await expect(sealed.writeMeanwhile(stateOf(2))).rejects.toThrow('input/output error');
  failing = false;
  // The system may show the second one, and the disk have the first.
  expect(sealed.read().counter).toBe(2);
  await sealed.writeMeanwhile(stateOf(3));
  expect(readFileSync(path)).toHaveLength(alone);
});

test('a file that somebody put in its place is replaced, not written into', async () => {
  const { path, sealed } = await newFile();
  const { path: other, sealed: others } = await newFile();
  await others.writeMeanwhile(stateOf(7));
  writeFileSync(path, readFileSync(other));
  await sealed.writeMeanwhile(stateOf(1));
  expect(sealed.read().counter).toBe(1);
});
