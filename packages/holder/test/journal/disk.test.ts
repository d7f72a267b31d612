// The disk of this machine: what a journal calls durable was flushed by the system, through the right descriptor.
import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { machineDisk } from '../../src/journal/disk.ts';
import { publishBuiltinSpies } from '../../../../test/support/builtinSpies.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';

const WATCHED = ['write', 'writeSync', 'fdatasync', 'fdatasyncSync', 'fsyncSync'] as const;

let calls: { readonly name: string; readonly descriptor: unknown }[] = [];
/** The most bytes that the system takes in one write. */
let most = Number.POSITIVE_INFINITY;

for (const name of WATCHED) {
  const original = fs[name];
  vi.spyOn(fs, name).mockImplementation((...args: unknown[]) => {
    calls.push({ name, descriptor: args[0] });
    const isWrite = name === 'write' || name === 'writeSync';
    if (isWrite) args[3] = Math.min(Number(args[3]), most);
    return Reflect.apply(original, fs, args);
  });
}
publishBuiltinSpies();

afterEach(() => {
  calls = [];
  most = Number.POSITIVE_INFINITY;
});

const names = (): string[] => calls.map(({ name }) => name);

test('flushes what was written, and the main thread through a descriptor of its own', async () => {
  const file = machineDisk.open(join(temporaryDirectory(), 'journal'), 'new');
  await file.write(Buffer.from('frame'), 0);
  await file.flush();
  file.writeSync(Buffer.from('frame'), 0);
  file.flushSync();
  file.close();
  expect(names()).toEqual(['write', 'fdatasync', 'writeSync', 'fdatasyncSync']);
  const [written, flushed, other, flushedThere] = calls.map(({ descriptor }) => descriptor);
  expect([flushed, flushedThere]).toEqual([written, other]);
  expect(other).not.toBe(written);
});

test('makes a name durable by flushing its folder', () => {
  const directory = temporaryDirectory();
  machineDisk.syncFolderOf(join(directory, 'journal'));
  expect(names()).toEqual(['fsyncSync']);
});

test('goes on with the rest when the system takes a part of a write', async () => {
  const path = join(temporaryDirectory(), 'journal');
  most = 3;
  const file = machineDisk.open(path, 'new');
  await file.write(Buffer.from('one frame, '), 0);
  file.writeSync(Buffer.from('another frame'), 11);
  file.close();
  expect(fs.readFileSync(path, 'utf8')).toBe('one frame, another frame');
});
