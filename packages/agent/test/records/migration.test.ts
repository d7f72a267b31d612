// The move of an agent's files into its journal, with the process killed, or the disk full, at every operation on files.
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { openAgentJournal, readAgentRecords } from '../../src/records/agentJournal.ts';
import type { AgentEntry } from '../../src/records/journalEntries.ts';
import { MOVED_FILE, RESERVE_FILE } from '../../src/records/names.ts';
import { openState } from '../../src/records/state.ts';
import { publishBuiltinSpies } from '../../../../test/support/builtinSpies.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { type Former, unpackFormer } from '../support/formerFolder.ts';

/** Operations that change the disk, or make a change durable. */
const OPERATIONS = [
  'openSync',
  'writeSync',
  'fsyncSync',
  'fdatasyncSync',
  'ftruncateSync',
  'renameSync',
  'unlinkSync',
  'rmdirSync',
  'mkdirSync',
] as const;

/** Operations until one fails, and whether all later ones fail too. */
let left = Number.POSITIVE_INFINITY;
let isDead = false;
let done: string[] = [];

for (const name of OPERATIONS) {
  const original = fs[name];
  vi.spyOn(fs, name).mockImplementation((...args: unknown[]) => {
    // Opening to read changes nothing.
    if (name === 'openSync' && args[1] === 'r') return Reflect.apply(original, fs, args);
    done.push(name);
    left -= 1;
    if (left === 0 || (left < 0 && isDead)) {
      throw Object.assign(new Error(`ENOSPC: no space left on device, ${name}`), {
        code: 'ENOSPC',
        syscall: name.replace(/Sync$/, ''),
      });
    }
    return Reflect.apply(original, fs, args);
  });
}
publishBuiltinSpies();

/** Runs with the given operation failing; returns the error, and whether there were that many. */
function failing(at: number, dead: boolean, work: () => void): { error: unknown; hit: boolean } {
  left = at;
  isDead = dead;
  done = [];
  let error: unknown;
  try {
    work();
  } catch (caught) {
    error = caught;
  }
  const hit = left <= 0;
  left = Number.POSITIVE_INFINITY;
  return { error, hit };
}

function openJournal(directory: string): AgentEntry[] {
  const { journal, state } = openAgentJournal(directory, {
    tell: () => undefined,
    disk: undefined,
  });
  const entries = [...state.snapshot()];
  journal.close();
  return entries;
}

function freshFolder(former: Former): string {
  const directory = join(temporaryDirectory(), 'agent');
  unpackFormer(former, directory);
  return directory;
}

const versions: readonly Former[] = ['agent-0.1.0', 'before-journal'];

describe.each(versions)('a folder of %s', (former) => {
  const whole = openJournal(freshFolder(former));
  const looked = readAgentRecords(freshFolder(former)).keys();

  test('has its keys, counts, bans, used session keys, session records and counters in the journal', () => {
    const types = whole.map(({ type }) => type);
    const chips = former === 'before-journal' ? ['chip'] : [];
    expect(types).toEqual(['key', 'key', 'used', ...chips, 'session', 'session']);
    const state = openState(freshFolder(former));
    expect(state.used.find('s1')).toBe(1);
    expect(state.sessions.read('s1', 1)).toMatchObject({
      state: 'running',
      digest: 'bb'.repeat(32),
    });
    expect(state.keys.list().map(({ bans }) => bans.length)).toEqual([1, 1]);
    expect(state.keys.list().map(({ releases }) => releases)).toEqual(
      Array.from({ length: 2 }, () => ({ confirmed: 3, outstanding: 1 })),
    );
    state.close();
  });

  test.each([
    ['killed', true],
    ['refused by the disk', false],
  ])('is moved whole or not at all when the move is %s at any operation', (_, dead) => {
    let operations = 0;
    for (let at = 1; ; at += 1) {
      const directory = freshFolder(former);
      const { error, hit } = failing(at, dead, () => void openJournal(directory));
      if (!hit) break;
      operations = at;
      if (!dead) expect(error, `operation ${at}`).toMatchObject({ code: 'store/failed' });
      expect(readAgentRecords(directory).keys(), `operation ${at}`).toEqual(looked);
      expect(openJournal(directory), `operation ${at}: ${done.at(-1)}`).toEqual(whole);
      const names = fs.readdirSync(directory).toSorted();
      expect(names).not.toContain('used-sessions.log');
      expect(names).not.toContain('sessions');
      expect(names).not.toContain('state.journal.new');
      expect(fs.readdirSync(join(directory, 'keys')).toSorted()).toEqual([
        RESERVE_FILE,
        MOVED_FILE,
      ]);
    }
    expect(operations).toBeGreaterThan(15);
  });
});

test('a build from before the journal does not start on a folder that has one', () => {
  const directory = freshFolder('before-journal');
  openJournal(directory);
  // It takes every file of this ending for the record of a key, and refuses what is none.
  const file = fs.readFileSync(join(directory, 'keys', MOVED_FILE), 'utf8');
  expect(MOVED_FILE).toMatch(/\.json$/);
  expect(JSON.parse(file)).toMatchObject({ format: 'quorate-agent-journal' });
});
