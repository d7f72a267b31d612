import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { KEY, openRecords, recordOf, share } from './support/records.ts';

const disk = vi.hoisted(() => ({ fails: 'no' as 'no' | 'before' | 'after' }));

// A folder that cannot be flushed is nothing that a test can make.
vi.mock('@quorate/agent', async (original) => {
  const agent = await original<typeof import('@quorate/agent')>();
  return {
    ...agent,
    replaceFile: (path: string, content: string): void => {
      // Of the record; what allows the key is there before it.
      if (!path.endsWith('.json')) return agent.replaceFile(path, content);
      if (disk.fails === 'before') throw new Error('no space left');
      agent.replaceFile(path, content);
      if (disk.fails === 'after') throw new Error('cannot be flushed');
    },
  };
});

test.each([
  ['after', 1],
  ['before', 0],
] as const)(
  'D-10: a key whose write fails %s it is in place is, in memory, what a restart finds',
  (fails, epoch) => {
    const directory = join(mkdtempSync(join(tmpdir(), 'quorate-cosigner-')), 'keys');
    disk.fails = 'no';
    const keys = openRecords(directory);
    keys.add(recordOf(1));
    disk.fails = fails;
    const activate = (): unknown => keys.update(KEY, (key) => ({ ...key, share: share(1) }));
    expect(activate).toThrow(fails === 'before' ? 'no space left' : 'cannot be flushed');
    disk.fails = 'no';
    expect(keys.find(KEY)?.share.epoch).toBe(epoch);
    expect(openRecords(directory).find(KEY)).toEqual(keys.find(KEY));
  },
);

test('L-1b: the chip follows a lock whose write fails after it is in place', () => {
  disk.fails = 'no';
  const keys = openRecords(join(mkdtempSync(join(tmpdir(), 'quorate-cosigner-')), 'keys'));
  const due: string[] = [];
  keys.onDue((id) => due.push(id));
  keys.add(recordOf(1));
  disk.fails = 'after';
  const lock = { state: 'refreshable', reopened: 0, session_id: KEY, at: 1 } as const;
  expect(() => keys.update(KEY, (key) => ({ ...key, lock }))).toThrow('cannot be flushed');
  expect(due).toEqual([KEY]);
});
