import fs, {} from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { publishBuiltinSpies } from '../../../../test/support/builtinSpies.ts';
import { KEY, openRecords, recordOf, share } from '../support/records.ts';

const disk = { fails: 'no' as 'no' | 'before' | 'after', isInPlace: false };

// A folder that cannot be flushed is nothing that a test can make.
const real = { ...fs };
vi.spyOn(fs, 'openSync').mockImplementation((...args) => {
  // Of the record; what allows the key is there before it.
  if (disk.fails === 'before' && isRecord(args[0])) throw failed('open', 'no space left');
  return real.openSync(...args);
});
vi.spyOn(fs, 'renameSync').mockImplementation((from, to) => {
  real.renameSync(from, to);
  disk.isInPlace = isRecord(from);
});
vi.spyOn(fs, 'fsyncSync').mockImplementation((descriptor) => {
  if (disk.fails === 'after' && disk.isInPlace) throw failed('fsync', 'cannot be flushed');
  real.fsyncSync(descriptor);
});
publishBuiltinSpies();

const isRecord = (path: unknown): boolean => String(path).endsWith('.json.tmp');

const failed = (syscall: string, message: string): Error =>
  Object.assign(new Error(message), { syscall });

test.each([
  ['after', 1],
  ['before', 0],
] as const)(
  'D-10: a key whose write fails %s it is in place is, in memory, what a restart finds',
  (fails, epoch) => {
    const directory = join(temporaryDirectory(), 'keys');
    disk.fails = 'no';
    const keys = openRecords(directory);
    keys.add(recordOf(1));
    disk.fails = fails;
    disk.isInPlace = false;
    const activate = (): unknown => keys.update(KEY, (key) => ({ ...key, share: share(1) }));
    expect(activate).toThrow(fails === 'before' ? 'no space left' : 'cannot be flushed');
    disk.fails = 'no';
    expect(keys.find(KEY)?.share.epoch).toBe(epoch);
    expect(openRecords(directory).find(KEY)).toEqual(keys.find(KEY));
  },
);

test('L-1b: the chip follows a lock whose write fails after it is in place', () => {
  disk.fails = 'no';
  const keys = openRecords(join(temporaryDirectory(), 'keys'));
  const due: string[] = [];
  keys.onDue((id) => due.push(id));
  keys.add(recordOf(1));
  disk.fails = 'after';
  disk.isInPlace = false;
  const lock = { state: 'refreshable', reopened: 0, session_id: KEY, at: 1 } as const;
  expect(() => keys.update(KEY, (key) => ({ ...key, lock }))).toThrow('cannot be flushed');
  expect(due).toEqual([KEY]);
});
