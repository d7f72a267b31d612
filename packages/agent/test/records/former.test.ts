// A folder that version 0.1.0 wrote, in which keys are named by their addresses (scripts/formerAgentFolder.mjs).
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { readAgentRecords } from '../../src/records/agentJournal.ts';
import { openBanReserve, readReservedBans } from '../../src/records/banReserve.ts';
import { formerEntries } from '../../src/records/formerFiles.ts';
import { MOVED_FILE, RESERVE_FILE, STATE_FILES } from '../../src/records/names.ts';
import { type AgentState, openState } from '../../src/records/state.ts';
import { readJournal, upgradeJournal } from '../../src/replacement/journal.ts';
import { unpackFormer } from '../support/formerFolder.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';

const ONE = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
const TWO = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';
const one = '1'.repeat(64);
const two = '2'.repeat(64);
const bansOfOne = [{ part_index: 2, session_key: 's1', reason: 'invalid-proof', at: 1 }];
const bansOfTwo = [{ part_index: 2, session_key: 's2', reason: 'invalid-proof', at: 2 }];

let directory: string;
let keysFolder: string;

beforeEach(() => {
  directory = join(temporaryDirectory(), 'agent');
  keysFolder = join(directory, 'keys');
  unpackFormer('agent-0.1.0', directory);
});

/** Opens the state of the folder until the test is over, or it is closed. */
function open(): AgentState {
  const state = openState(directory);
  let isClosed = false;
  const close = (): void => {
    if (!isClosed) state.close();
    isClosed = true;
  };
  onTestFinished(close);
  return { ...state, close };
}

const files = (): string[] => readdirSync(keysFolder).toSorted();

describe('a folder of version 0.1.0', () => {
  test('puts any number of used session keys into entries of 4096 at most', () => {
    const used = Array.from({ length: 10_000 }, (_, at) => `session-${at} 1\n`).join('');
    writeFileSync(join(directory, STATE_FILES.used), used);
    const sizes = formerEntries(directory).flatMap((entry) =>
      entry.type === 'used' ? [entry.keys.length] : [],
    );
    expect(sizes).toEqual([4096, 4096, 10_000 - 2 * 4096]);
  });

  test('is opened, and its keys are in the journal from then on', () => {
    const state = open();
    expect(files()).toEqual([RESERVE_FILE, MOVED_FILE]);
    for (const name of [STATE_FILES.used, STATE_FILES.chips, STATE_FILES.sessions]) {
      expect(existsSync(join(directory, name))).toBe(false);
    }
    expect(state.keys.find(one)).toMatchObject({
      format: 'quorate-key/v3',
      key_id: one,
      algorithm: 'ecdsa-secp256k1',
      address: ONE,
      record_id: '1f'.repeat(32),
      releases: { confirmed: 3, outstanding: 1 },
      bans: bansOfOne,
    });
    expect(state.keys.findByAddress(ONE.toLowerCase())).toEqual(state.keys.find(one));
    expect(state.keys.find(two)?.destruction).toMatchObject({ session_key: 'd2', settled: false });
  });

  test('O-12, X-6: loses no ban, of which one was in the reserve under an address', () => {
    const state = open();
    expect(state.keys.find(one)?.bans).toEqual(bansOfOne);
    expect(state.keys.find(two)?.bans).toEqual(bansOfTwo);
    state.close();
    expect(readReservedBans(join(keysFolder, RESERVE_FILE))).toEqual([]);
    expect(readAgentRecords(directory).key(two)?.bans).toEqual(bansOfTwo);
  });

  test('is only looked at by a program that does not hold its lock', () => {
    const before = files();
    const records = readAgentRecords(directory);
    expect(records.keyByAddress(TWO)?.bans).toEqual(bansOfTwo);
    expect(records.key(one)?.algorithm).toBe('ecdsa-secp256k1');
    expect(files()).toEqual(before);
  });

  test('O-12: may be left by a crash with a key in both files; a ban counts in whichever it stands', () => {
    const old = join(keysFolder, `${ONE.toLowerCase()}.json`);
    const record = JSON.parse(readFileSync(old, 'utf8'));
    const rest = { format: 'quorate-key/v3', algorithm: 'ecdsa-secp256k1' };
    const fresh = JSON.stringify({ ...record, ...rest, state: 'rolled_back', bans: [] });
    writeFileSync(join(keysFolder, `${one}.json`), fresh);
    expect(readAgentRecords(directory).key(one)?.bans).toEqual(bansOfOne);
    const state = open();
    expect(state.keys.find(one)).toMatchObject({ state: 'rolled_back', bans: bansOfOne });
    state.close();
    expect(readAgentRecords(directory).key(one)?.bans).toEqual(bansOfOne);
  });

  test('its sessions, evidence and journal lead to the keys', () => {
    const state = open();
    expect(state.sessions.read('k1', 1)).toMatchObject({ kind: 'keygen', key_id: one });
    expect(state.sessions.read('s1', 1)).toMatchObject({
      kind: 'sign',
      key_id: one,
      digest: 'bb'.repeat(32),
      signature: null,
    });
    expect(state.evidence.read('s1')).toMatchObject({ key_id: null, culprits: [2] });
    expect(readJournal(directory)?.shards).toEqual({
      [one]: {
        encrypted_shard: Buffer.from('sealed').toString('base64'),
        releases: { confirmed: 1, outstanding: 0 },
        proven: true,
      },
    });
    upgradeJournal(directory);
    const text = readFileSync(join(directory, 'replacement.json'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ format: 'quorate-replacement/v2' });
    expect(text).not.toContain(ONE.toLowerCase());
  });

  test('a session of a key that is gone says nothing any more', () => {
    rmSync(join(keysFolder, `${ONE.toLowerCase()}.json`));
    rmSync(join(directory, 'replacement.json'));
    const state = open();
    expect(state.sessions.read('s1', 1)).toBeUndefined();
    expect(state.sessions.read('k1', 1)).toMatchObject({ key_id: null });
  });
});

describe('a key record', () => {
  test('of an algorithm that is not known here is refused by name, not taken for another one', () => {
    const file = join(keysFolder, `${ONE.toLowerCase()}.json`);
    const record = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...record, algorithm: 'ed25519' }));
    expect(() => openState(directory)).toThrow(
      expect.objectContaining({
        code: 'store/tampered',
        message: expect.stringMatching(/algorithm ed25519/),
      }),
    );
    expect(existsSync(file)).toBe(true);
  });

  test('D-12: with the address of another key is refused', () => {
    const file = join(keysFolder, `${TWO.toLowerCase()}.json`);
    const record = JSON.parse(readFileSync(file, 'utf8'));
    const rest = { format: 'quorate-key/v3', algorithm: 'ecdsa-secp256k1', address: ONE };
    writeFileSync(join(keysFolder, `${two}.json`), JSON.stringify({ ...record, ...rest }));
    rmSync(file);
    expect(() => openState(directory)).toThrow(/two keys .* have the address/);
  });

  test('that is damaged, or under the name of another one, stops the agent instead of being skipped', () => {
    const file = join(keysFolder, `${ONE.toLowerCase()}.json`);
    const content = readFileSync(file, 'utf8');
    const other = join(keysFolder, `${'0'.repeat(64)}.json`);
    writeFileSync(other, content);
    expect(() => openState(directory)).toThrow(/cannot be used/);
    rmSync(other);
    writeFileSync(file, content.slice(10));
    expect(() => openState(directory)).toThrow(/cannot be used/);
  });

  test('of the first version is read, its count as what was confirmed', () => {
    const file = join(keysFolder, `${ONE.toLowerCase()}.json`);
    const { releases: _, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
    const first = { ...rest, format: 'quorate-key/v1', release_count: 7 };
    writeFileSync(file, JSON.stringify(first));
    const releases = { confirmed: 7, outstanding: 0 };
    expect(open().keys.find(one)?.releases).toEqual(releases);
  });

  test('X-6: a reserved ban names its key by id', () => {
    const path = join(temporaryDirectory(), RESERVE_FILE);
    const reserve = openBanReserve(path);
    reserve.keep(one, bansOfOne);
    reserve.close();
    expect(readReservedBans(path)).toEqual([{ key_id: one, ban: bansOfOne[0] }]);
  });
});
