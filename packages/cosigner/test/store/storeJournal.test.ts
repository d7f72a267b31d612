// What becomes of a store whose disk refuses a write, and takes the next ones.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { openSessionRecords, type SessionRecords } from '../../src/store/sessionRecords.ts';
import { makeRecordSeal } from '../../src/store/recordSeal.ts';
import { releaseEntry } from '../../src/store/releaseEntry.ts';
import type { StoreJournal } from '../../src/store/storeJournal.ts';
import { openJournalIn } from '../support/journals.ts';
import { idOf, recordOf, SIGNED } from '../support/sessions.ts';

test('the end of a session is shown when it is on disk, and not before', async () => {
  const sessions = openSessionRecords(openJournalIn(temporaryDirectory()), 1, () => 1);
  await sessions.add(recordOf(1, { status: 'running' }));
  const ending = sessions.end(idOf(1), SIGNED);
  expect(sessions.find(idOf(1))?.session).toMatchObject({ status: 'running', signature: null });
  expect(sessions.list({ status: 'completed', limit: 1 }).sessions).toEqual([]);
  await Promise.all([ending, sessions.written()]);
  expect(sessions.find(idOf(1))?.session).toMatchObject(SIGNED);
});

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
    await sessions.end(idOf(1), SIGNED);
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
    await expect(sessions.end(idOf(2), SIGNED)).rejects.toEqual(refused);
    expect(sessions.find(idOf(2))?.session.status).toBe('created');
    sessions.show(idOf(2), { status: 'failed' });
    isFull = false;
    // Not before its time: each attempt writes everything.
    expect(() => sessions.add(recordOf(4, { status: 'created' }))).toThrow(refused);
    await vi.advanceTimersByTimeAsync(2000);
    await sessions.add(recordOf(4, { status: 'created' }));
    await sessions.end(idOf(3), { status: 'aborted' });
    journal.close();
    expect(found()).toEqual(['completed', 'failed', 'aborted', 'aborted']);
  });

  test('has on disk what it had when it refused, whenever its process ends', async () => {
    isFull = true;
    await expect(sessions.end(idOf(2), SIGNED)).rejects.toEqual(refused);
    expect(found()).toEqual(['completed', 'aborted', undefined, undefined]);
  });

  test('E-1: has the counts of every key when it takes writes again', async () => {
    const seal = makeRecordSeal(new Uint8Array(32));
    const counts = ['a', 'b'].map((digit, at) => {
      const [key, record] = [digit.repeat(64), 'c'.repeat(64)];
      return releaseEntry(seal, { key, record }, { confirmed: at, outstanding: 0 });
    });
    journal.keepReleases(() => counts);
    isFull = true;
    await expect(sessions.end(idOf(2), SIGNED)).rejects.toEqual(refused);
    isFull = false;
    await vi.advanceTimersByTimeAsync(2000);
    await sessions.end(idOf(2), SIGNED);
    journal.close();
    expect([...openJournalIn(directory).state.releases.values()]).toEqual(counts);
  });

  test('does not take a half-written replacement for its journal', () => {
    writeFileSync(join(directory, 'journal.again'), 'half');
    writeFileSync(join(directory, 'journal.again.new'), 'half');
    journal.close();
    expect(found()).toEqual(['completed', 'aborted', undefined, undefined]);
  });
});
