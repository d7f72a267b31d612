// Counts of releases in the journal, each bound to the record of its key.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { NO_RELEASES } from '../../src/releases.ts';
import { makeRecordSeal } from '../../src/store/recordSeal.ts';
import { isGenuine, releaseEntry, releaseEntrySchema } from '../../src/store/releaseEntry.ts';
import { openJournalIn } from '../support/journals.ts';
import { KEY, openRecords, recordOf } from '../support/records.ts';

const seal = makeRecordSeal(new Uint8Array(32));

/** A store whose key was released so often. */
function counted(...counts: readonly number[]): string {
  const directory = temporaryDirectory();
  const keys = openRecords(directory);
  keys.add(recordOf(1));
  for (const confirmed of counts) keys.count(KEY, { confirmed, outstanding: 0 });
  return directory;
}

const foundIn = (directory: string): unknown => openRecords(directory).find(KEY)?.releases;

describe('counts of releases', () => {
  test('E-1: are what the next start finds, with all that they explain', () => {
    expect(foundIn(counted(1, 2, 7))).toEqual({
      ...NO_RELEASES,
      confirmed: 7,
      explained: 11,
    });
  });

  test('E-1: go into the record with the next change of it, and count on from there', () => {
    const directory = counted(1, 2);
    const keys = openRecords(directory);
    keys.update(KEY, (record) => ({ ...record, rolled_back: true }));
    expect(foundIn(directory)).toMatchObject({ confirmed: 2 });
    keys.count(KEY, { confirmed: 3, outstanding: 0 });
    expect(openRecords(directory).find(KEY)).toMatchObject({
      rolled_back: true,
      releases: { confirmed: 3 },
    });
  });

  test('E-1: say nothing of a record that is put back from before they were counted', () => {
    const directory = counted(1);
    const before = temporaryDirectory();
    cpSync(directory, before, { recursive: true });
    const keys = openRecords(directory);
    keys.update(KEY, (record) => ({ ...record, rolled_back: true }));
    keys.count(KEY, { confirmed: 5, outstanding: 0 });
    cpSync(join(before, `${KEY}.json`), join(directory, `${KEY}.json`));
    expect(foundIn(directory)).toMatchObject({ confirmed: 0 });
  });

  test.each(['key', 'record', 'confirmed', 'outstanding', 'mac'] as const)(
    'E-1: with another %s are not what this store wrote',
    (field) => {
      const place = { key: KEY, record: 'ab'.repeat(32) };
      const entry = releaseEntry(seal, place, { confirmed: 4, outstanding: 1 });
      expect(isGenuine(releaseEntrySchema.parse(entry), seal)).toBe(true);
      const other = typeof entry[field] === 'number' ? 9 : 'cd'.repeat(32);
      const altered = releaseEntrySchema.parse({ ...entry, [field]: other });
      expect(isGenuine(altered, seal)).toBe(false);
      const directory = counted();
      openJournalIn(directory).appendSync(altered);
      expect(() => openRecords(directory)).toThrow(
        expect.objectContaining({ code: 'store/tampered' }),
      );
    },
  );

  test('a full disk that was emptied keeps them: the new journal has them', async () => {
    const directory = temporaryDirectory();
    let isFull = false;
    const journal = openJournalIn(directory, [], () => isFull);
    const keys = openRecords(directory, journal);
    keys.add(recordOf(1));
    keys.count(KEY, { confirmed: 1, outstanding: 0 });
    isFull = true;
    const count = (): void => keys.count(KEY, { confirmed: 1, outstanding: 1 });
    const refused = expect.objectContaining({ code: 'store/failed' });
    expect(count).toThrow(refused);
    expect(keys.find(KEY)?.releases.outstanding).toBe(0);
    isFull = false;
    count();
    expect(foundIn(directory)).toMatchObject({ confirmed: 1, outstanding: 1 });
  });
});
