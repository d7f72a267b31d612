// What becomes of a store whose disk refuses a write, and takes the next ones.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { openSessionRecords, type SessionRecords } from '../../src/store/sessionRecords.ts';
import type { StoreJournal } from '../../src/store/storeJournal.ts';
import { openJournalIn } from '../support/journals.ts';
import { idOf, recordOf, SIGNED } from '../support/sessions.ts';

describe('a store whose disk refuses a write', () => {
  let directory: string;
  let isFull = false;
  let journal: StoreJournal;
  let sessions: SessionRecords;
  const refused = expect.objectContaining({ code: 'store/failed' });

  beforeEach(async () => {
    vi.useFakeTimers();
    isFull = false;
    directory = temporaryDirectory();
    journal = openJournalIn(directory, [], () => isFull);
    sessions = openSessionRecords(journal, 1, () => 1);
    for (const at of [1, 2]) await sessions.add(recordOf(at, { status: 'created' }));
    sessions.update(idOf(1), SIGNED);
  });
  afterEach(() => vi.useRealTimers());

  /** What a start finds. */
  const found = (): unknown => {
    const records = openSessionRecords(openJournalIn(directory), 1, () => 1);
    return [1, 2, 3, 4].map((at) => records.find(idOf(at))?.session.status);
  };

  test('refuses sessions until it takes writes again, and has all of them then', async () => {
    isFull = true;
    await expect(sessions.add(recordOf(3, { status: 'created' }))).rejects.toEqual(refused);
    expect(() => sessions.add(recordOf(4, { status: 'created' }))).toThrow(refused);
    expect(() => sessions.update(idOf(2), { status: 'failed' })).toThrow(refused);
    isFull = false;
    // Not before its time: each attempt writes everything.
    expect(() => sessions.add(recordOf(4, { status: 'created' }))).toThrow(refused);
    await vi.advanceTimersByTimeAsync(2000);
    await sessions.add(recordOf(4, { status: 'created' }));
    sessions.update(idOf(3), { status: 'aborted' });
    journal.close();
    expect(found()).toEqual(['completed', 'failed', 'aborted', 'aborted']);
  });

  test('has on disk what it had when it refused, whenever its process ends', async () => {
    isFull = true;
    expect(() => sessions.update(idOf(2), SIGNED)).toThrow(refused);
    expect(found()).toEqual(['completed', 'aborted', undefined, undefined]);
  });

  test('does not take a half-written replacement for its journal', () => {
    writeFileSync(join(directory, 'journal.again'), 'half');
    writeFileSync(join(directory, 'journal.again.new'), 'half');
    journal.close();
    expect(found()).toEqual(['completed', 'aborted', undefined, undefined]);
  });
});
