import { describe, expect, test, vi } from 'vitest';
import { HolderError } from '../../src/errors.ts';
import { encodeHeader } from '../../src/journal/frames.ts';
import { openJournal, readJournal } from '../../src/journal/journal.ts';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, NUMBERED, NumberedState, open, PATH } from '../support/journalOf.ts';
import { ModelDisk } from '../support/modelDisk.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';

const at = (n: number, pad = ''): { n: number; pad: string } => ({ n, pad });
const failedStore = expect.objectContaining({ code: 'store/failed' });
const newDisk = (content?: ReadonlyMap<string, Buffer>): ModelDisk =>
  new ModelDisk(() => 0, content);

/** A journal of three frames with one entry each, and their offsets. */
function threeFrames(): { readonly bytes: Buffer; readonly offsets: readonly number[] } {
  const disk = newDisk();
  const { journal } = open(disk);
  const offsets = [1, 2, 3].map((n) => {
    const offset = disk.content(PATH).length;
    journal.appendSync(at(n));
    return offset;
  });
  journal.close();
  return { bytes: disk.content(PATH), offsets };
}

function openBytes(bytes: Buffer): ReturnType<typeof open> {
  return open(newDisk(new Map([[PATH, bytes]])));
}

/** The error of opening these bytes; undefined when they open. */
function refusal(bytes: Buffer): unknown {
  try {
    openBytes(bytes).journal.close();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('journal', () => {
  test('shares a flush among everything that comes before it and during another one', async () => {
    const disk = newDisk();
    const { journal } = open(disk);
    disk.operations = [];
    const first = [1, 2, 3].map((n) => journal.append(at(n)));
    await Promise.resolve();
    await Promise.resolve();
    const second = [4, 5, 6].map((n) => journal.append(at(n)));
    await Promise.all([...first, ...second]);
    expect(disk.operations).toEqual(['write', 'flush', 'write', 'flush']);
    expect(openBytes(disk.content(PATH)).state.numbers).toEqual(after(6));
  });

  test('changes its state at once, and promises only what is flushed', async () => {
    const disk = newDisk();
    const { journal, state } = open(disk);
    let promised = false;
    const appended = journal.append(at(1)).then(() => {
      promised = true;
    });
    expect([state.last, promised]).toEqual([1, false]);
    expect(disk.afterCut().content(PATH)).toHaveLength(72);
    await appended;
    expect(openBytes(disk.afterCut().content(PATH)).state.last).toBe(1);
  });

  test('flushes on the main thread everything that waits', async () => {
    const disk = newDisk();
    const { journal } = open(disk);
    const waits = journal.append(at(1));
    await Promise.resolve();
    journal.note(at(2));
    journal.appendSync(at(3));
    expect(openBytes(disk.afterCut().content(PATH)).state.last).toBe(3);
    await waits;
    await journal.append(at(4));
    expect(openBytes(disk.afterCut().content(PATH)).state.numbers).toEqual(after(4));
  });

  test('writes a noted entry with the next flush, or a second later', async () => {
    vi.useFakeTimers();
    try {
      const disk = newDisk();
      const { journal } = open(disk);
      journal.note(at(1));
      await journal.append(at(2));
      expect(openBytes(disk.afterCut().content(PATH)).state.numbers).toEqual(after(2));
      const durable = journal.note(at(3));
      disk.operations = [];
      await vi.advanceTimersByTimeAsync(999);
      expect(openBytes(disk.afterCut().content(PATH)).state.last).toBe(2);
      await vi.advanceTimersByTimeAsync(1);
      expect(openBytes(disk.afterCut().content(PATH)).state.last).toBe(3);
      await durable();
      expect(disk.operations).toEqual(['write', 'flush']);
      await journal.note(at(4))();
      expect(openBytes(disk.afterCut().content(PATH)).state.last).toBe(4);
    } finally {
      vi.useRealTimers();
    }
  });

  test('makes what was noted durable when it is asked to, and flushes nothing twice', () => {
    const disk = newDisk();
    const { journal } = open(disk);
    journal.note(at(1));
    journal.flushSync();
    expect(openBytes(disk.afterCut().content(PATH)).state.last).toBe(1);
    disk.operations = [];
    journal.flushSync();
    expect(disk.operations).toEqual([]);
    journal.close();
    expect(() => journal.flushSync()).toThrow(failedStore);
  });

  test('takes everything along when it is closed, and nothing after', async () => {
    const disk = newDisk();
    const { journal } = open(disk);
    const waits = journal.append(at(1));
    await Promise.resolve();
    journal.note(at(2));
    journal.close();
    await waits;
    expect(openBytes(disk.afterCut().content(PATH)).state.last).toBe(2);
    await expect(journal.append(at(3))).rejects.toThrow(failedStore);
    expect(() => journal.appendSync(at(3))).toThrow(failedStore);
  });

  test('is a private file on the disk of this machine', async () => {
    const path = join(temporaryDirectory(), 'journal');
    const { journal } = open(undefined, 2000, path);
    for (let n = 1; n <= 40; n += 4) {
      await Promise.all([journal.append(at(n, 'x'.repeat(50))), journal.append(at(n + 1))]);
      journal.appendSync(at(n + 2), at(n + 3));
    }
    journal.close();
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect(statSync(path).size).toBeLessThan(3000);
    const state = new NumberedState();
    expect(readJournal(path, NUMBERED, state)).toBe(true);
    expect(state.numbers).toEqual(after(40));
    expect(readJournal(`${path}.other`, NUMBERED, state)).toBe(false);
  });
});

describe('damaged journal', () => {
  const { bytes, offsets } = threeFrames();
  const last = offsets[2] ?? 0;

  test('is refused with file and offset for every byte of a frame before a good one', () => {
    for (let where = 72; where < last; where += 1) {
      const altered = Buffer.from(bytes);
      altered[where] = (altered[where] ?? 0) ^ 1;
      const offset = offsets.findLast((begin) => begin <= where);
      expect(refusal(altered), `byte ${where}`).toMatchObject({
        code: 'store/tampered',
        message: `${PATH}: offset ${offset} is damaged`,
      });
    }
  });

  test('is cut where the last frame was torn, at any byte, and says so', () => {
    for (let where = last; where < bytes.length; where += 1) {
      const altered = Buffer.from(bytes);
      altered[where] = (altered[where] ?? 0) ^ 1;
      for (const torn of [altered, bytes.subarray(0, where)]) {
        const { state, news, journal } = openBytes(torn);
        expect(state.last, `byte ${where}`).toBe(2);
        const cut = { news: 'cut', offset: last, bytes: torn.length - last };
        expect(news).toEqual(torn.length === last ? [] : [cut]);
        journal.appendSync(at(3));
        journal.close();
      }
    }
  });

  test('goes on where it was cut', () => {
    const disk = newDisk(new Map([[PATH, Buffer.concat([bytes, Buffer.alloc(100, 1)])]]));
    const { journal } = open(disk);
    journal.appendSync(at(4));
    const { state, news } = openBytes(disk.afterCut().content(PATH));
    expect([state.numbers, news]).toEqual([after(4), []]);
  });

  test('is refused for every byte of its header', () => {
    for (let where = 0; where < 72; where += 1) {
      const altered = Buffer.from(bytes);
      altered[where] = (altered[where] ?? 0) ^ 1;
      expect(refusal(altered), `byte ${where}`).toMatchObject({ code: 'store/tampered' });
    }
    expect(refusal(bytes.subarray(0, 71))).toMatchObject({ code: 'store/tampered' });
  });

  test('takes no frame of another place or another journal', () => {
    const [one = 0, two = 0] = offsets;
    const moved = Buffer.concat([
      bytes.subarray(0, one),
      bytes.subarray(two, last),
      bytes.subarray(one, two),
      bytes.subarray(last),
    ]);
    expect(refusal(moved)).toMatchObject({ message: `${PATH}: offset ${one} is damaged` });
    const without = Buffer.concat([bytes.subarray(0, one), bytes.subarray(two)]);
    expect(openBytes(without).state.last).toBe(0);
    const other = threeFrames().bytes;
    const mixed = Buffer.concat([bytes.subarray(0, two), other.subarray(two)]);
    expect(openBytes(mixed).state.last).toBe(1);
  });

  test('is refused when more follows a bad frame than a crash can leave', () => {
    const behind = Buffer.concat([bytes, Buffer.alloc(17 * 1024 * 1024)]);
    expect(refusal(behind)).toMatchObject({
      message: `${PATH}: offset ${bytes.length} is damaged`,
    });
  });

  test('is refused for an entry that its owner cannot read', () => {
    const disk = newDisk(new Map([[PATH, bytes]]));
    const decode = (): never => {
      throw new RangeError('a field is missing');
    };
    const kind = { ...NUMBERED, decode };
    const order = { path: PATH, kind, state: new NumberedState(), first: () => [], disk };
    expect(() => openJournal(order)).toThrow(
      expect.objectContaining({
        code: 'store/tampered',
        message: `${PATH}: offset 72 has an entry that cannot be read`,
      }),
    );
  });

  test('is only looked at by whoever does not hold the lock', () => {
    const path = join(temporaryDirectory(), 'journal');
    writeFileSync(path, bytes.subarray(0, -1));
    const state = new NumberedState();
    expect(readJournal(path, NUMBERED, state)).toBe(true);
    expect(state.last).toBe(2);
    expect(readFileSync(path)).toEqual(bytes.subarray(0, -1));
  });
});

describe('journal of another version or owner', () => {
  const disk = (owner: { name: string; version: number }): ModelDisk =>
    newDisk(new Map([[PATH, encodeHeader(owner).header]]));

  test('is refused by name when it is newer, and left as it is', () => {
    const newer = disk({ name: 'test', version: 3 });
    expect(() => open(newer)).toThrow(
      expect.objectContaining({
        code: 'store/newer-version',
        message: `${PATH} has version 3; this program knows up to 2: use the newer program`,
      }),
    );
    const framing = Buffer.from(encodeHeader(NUMBERED).header);
    framing[7] = 2;
    expect(refusal(framing)).toMatchObject({ code: 'store/newer-version' });
    expect(newer.operations).toEqual([]);
  });

  test('is refused when another program made it', () => {
    expect(() => open(disk({ name: 'other', version: 1 }))).toThrow(
      expect.objectContaining({ message: `${PATH}: offset 0 is of other, not of test` }),
    );
  });

  test('is read when it is older', () => {
    expect(open(disk({ name: 'test', version: 1 })).state.last).toBe(0);
  });
});

describe('disk that fails', () => {
  const error = new Error('i/o error');

  test.each(['write', 'flush'])('closes the journal for good: %s', async (operation) => {
    const disk = newDisk();
    const { journal, news } = open(disk);
    await journal.append(at(1));
    disk.failing = { operation, error };
    const waits = [journal.append(at(2)), journal.append(at(3))];
    for (const one of waits) await expect(one).rejects.toThrow(failedStore);
    await expect(journal.append(at(4))).rejects.toThrow(failedStore);
    expect(() => journal.appendSync(at(5))).toThrow(failedStore);
    expect(() => journal.note(at(6))).toThrow(failedStore);
    expect(journal.failure).toBeInstanceOf(HolderError);
    expect(news).toEqual([{ news: 'failed', error: 'i/o error' }]);
    journal.close();
    expect(openBytes(disk.afterCut().content(PATH)).state.last).toBe(1);
  });

  test.each(['writeSync', 'flushSync'])('also on the main thread: %s', async (operation) => {
    const disk = newDisk();
    const { journal } = open(disk);
    disk.failing = { operation, error };
    const waits = journal.append(at(1));
    expect(() => journal.appendSync(at(2))).toThrow(failedStore);
    await expect(waits).rejects.toThrow(failedStore);
    await expect(journal.append(at(3))).rejects.toThrow(failedStore);
  });

  test('refuses whoever waits for a noted entry only after it', async () => {
    const disk = newDisk();
    const { journal } = open(disk);
    const noted = journal.note(at(1));
    disk.failing = { operation: 'flush', error: new Error('i/o error') };
    await expect(journal.append(at(2))).rejects.toThrow(failedStore);
    await expect(noted()).rejects.toThrow(failedStore);
  });

  test('leaves a frame that the system only shows: the next opening writes it again', async () => {
    const disk = newDisk();
    const first = open(disk);
    await first.journal.append(at(1));
    disk.failing = { operation: 'flush', error };
    await expect(first.journal.append(at(2))).rejects.toThrow(failedStore);
    first.journal.close();
    const second = open(disk);
    expect(second.state.last).toBe(2);
    second.journal.appendSync(at(3));
    expect(openBytes(disk.afterCut().content(PATH)).state.numbers).toEqual(after(3));
  });

  test('makes no journal on a full disk, and none is there afterwards', () => {
    const disk = newDisk();
    disk.failing = { operation: 'flushSync', error };
    expect(() => open(disk)).toThrow(failedStore);
    expect(disk.read(PATH)).toBeUndefined();
    expect(open(disk).state.last).toBe(0);
  });
});

describe('compaction', () => {
  const pad = 'x'.repeat(100);
  const fill = async ({ journal }: ReturnType<typeof open>, from: number, to: number) => {
    for (let n = from; n <= to; n += 1) await journal.append(at(n, pad));
  };

  test('keeps the whole state and what comes meanwhile, in a file of its size', async () => {
    const disk = newDisk();
    const opened = open(disk, 2000);
    await fill(opened, 1, 300);
    expect(opened.news.every(({ news }) => news === 'compacted')).toBe(true);
    expect(opened.news.length).toBeGreaterThan(10);
    expect(disk.content(PATH).length).toBeLessThan(4000);
    expect(openBytes(disk.afterCut().content(PATH)).state.numbers).toEqual(after(300));
  });

  test('is postponed by a disk that does not take the new file', async () => {
    const disk = newDisk();
    const opened = open(disk, 2000);
    await fill(opened, 1, 12);
    const full = new Error('no space left on device');
    expect(opened.news).toEqual([]);
    disk.failing = { operation: 'writeSync', error: full };
    await fill(opened, 13, 17);
    expect(opened.news[0]).toEqual({ news: 'compaction postponed', error: full.message });
    expect(disk.names()).toEqual([PATH]);
    await fill(opened, 23, 60);
    expect(opened.news.some(({ news }) => news === 'compacted')).toBe(true);
    expect(openBytes(disk.afterCut().content(PATH)).state.numbers).toEqual(after(60));
  });

  test.each(['rename', 'syncFolderOf'])('closes the journal for good: %s', async (operation) => {
    const disk = newDisk();
    const opened = open(disk, 2000);
    disk.failing = { operation, error: new Error('i/o error') };
    await expect(fill(opened, 1, 60)).rejects.toThrow(failedStore);
    expect(opened.journal.failure).toBeInstanceOf(HolderError);
    const again = openBytes(disk.afterCut().content(PATH));
    expect(again.state.numbers).toEqual(after(again.state.last));
  });

  test('keeps the name of its file, which the process before may have left unflushed', async () => {
    const disk = newDisk();
    const opened = open(disk, 2000);
    disk.failing = { operation: 'syncFolderOf', error: new Error('i/o error') };
    await expect(fill(opened, 1, 60)).rejects.toThrow(failedStore);
    opened.journal.close();
    const next = open(disk);
    const end = next.state.last + 1;
    next.journal.appendSync(at(end));
    expect(openBytes(disk.afterCut().content(PATH)).state.numbers).toEqual(after(end));
  });

  test('that a crash ended is cleared away at the next opening', () => {
    const next = `${PATH}.new`;
    const disk = newDisk(new Map([[next, Buffer.from('half')]]));
    open(disk).journal.close();
    expect(disk.names()).toEqual([PATH]);
    expect(existsSync(next)).toBe(false);
  });

  test('counts what is alive at the opening, so that a large state is not compacted for nothing', async () => {
    const disk = newDisk();
    const first = open(disk);
    for (let n = 1; n <= 7; n += 1) await first.journal.append(at(n, 'x'.repeat(1000)));
    first.journal.close();
    const again = open(disk, 2000);
    await again.journal.append(at(8));
    expect(again.news).toEqual([]);
  });
});
