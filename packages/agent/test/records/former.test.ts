// A folder that version 0.1.0 wrote, in which keys are named by their addresses (scripts/formerAgentFolder.mjs).
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openBanReserve, readReservedBans } from '../../src/records/banReserve.ts';
import { openKeyRecords, RESERVE_FILE } from '../../src/records/keyRecords.ts';
import { type AgentState, openState } from '../../src/records/state.ts';
import { readJournal, upgradeJournal } from '../../src/replacement/journal.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';

type Content =
  | { readonly text: string }
  | { readonly base64: string }
  | { readonly reserve: readonly string[] };

const FORMER = new URL('former/agent-0.1.0.json', import.meta.url);
const former = JSON.parse(readFileSync(FORMER, 'utf8')) as Record<string, Content>;

const ONE = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
const TWO = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';
const one = '1'.repeat(64);
const two = '2'.repeat(64);
const bansOfOne = [{ part_index: 2, session_key: 's1', reason: 'invalid-proof', at: 1 }];
const bansOfTwo = [{ part_index: 2, session_key: 's2', reason: 'invalid-proof', at: 2 }];

function bytesOf(content: Content): Buffer {
  if ('base64' in content) return Buffer.from(content.base64, 'base64');
  if ('text' in content) return Buffer.from(content.text);
  const slots = Buffer.alloc(64 * 512, ' ');
  for (const [at, line] of content.reserve.entries()) slots.write(`${line}\n`, at * 512);
  return slots;
}

let directory: string;
let keysFolder: string;

beforeEach(() => {
  directory = join(temporaryDirectory(), 'agent');
  keysFolder = join(directory, 'keys');
  for (const [name, content] of Object.entries(former)) {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, bytesOf(content), { mode: 0o600 });
  }
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
  test('is opened, and names its keys by their ids from then on', () => {
    const state = open();
    expect(files()).toEqual([`${one}.json`, `${two}.json`, RESERVE_FILE]);
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
    expect(openKeyRecords(keysFolder).find(two)?.bans).toEqual(bansOfTwo);
  });

  test('is only looked at by a program that does not hold its lock', () => {
    const before = files();
    const keys = openKeyRecords(keysFolder);
    expect(keys.findByAddress(TWO)?.bans).toEqual(bansOfTwo);
    expect(keys.find(one)?.algorithm).toBe('ecdsa-secp256k1');
    expect(files()).toEqual(before);
  });

  test('O-12: may be left by a crash with a key in both files; a ban counts in whichever it stands', () => {
    const old = join(keysFolder, `${ONE.toLowerCase()}.json`);
    const text = readFileSync(old, 'utf8');
    open().close();
    const fresh = join(keysFolder, `${one}.json`);
    const record = JSON.parse(readFileSync(fresh, 'utf8'));
    writeFileSync(fresh, JSON.stringify({ ...record, state: 'rolled_back', bans: [] }));
    writeFileSync(old, text);
    expect(openKeyRecords(keysFolder).find(one)?.bans).toEqual(bansOfOne);
    const state = open();
    expect(state.keys.find(one)).toMatchObject({ state: 'rolled_back', bans: bansOfOne });
    expect(existsSync(old)).toBe(false);
    state.close();
    expect(openKeyRecords(keysFolder).find(one)?.bans).toEqual(bansOfOne);
  });

  test('a disk that takes nothing leaves its files, which go on counting until it does', () => {
    const obstacle = join(keysFolder, `${one}.json.tmp`);
    mkdirSync(obstacle);
    const state = open();
    expect(state.keys.find(one)?.bans).toEqual(bansOfOne);
    expect(state.keys.find(two)?.bans).toEqual(bansOfTwo);
    expect(files()).toContain(`${ONE.toLowerCase()}.json`);
    state.close();
    rmdirSync(obstacle);
    open().close();
    expect(files()).toEqual([`${one}.json`, `${two}.json`, RESERVE_FILE]);
  });

  test('the remains of a failed key generation go with both files', () => {
    const old = join(keysFolder, `${ONE.toLowerCase()}.json`);
    const text = readFileSync(old, 'utf8');
    const state = open();
    writeFileSync(old, text);
    state.keys.remove(one);
    state.close();
    expect(files()).toEqual([`${two}.json`, RESERVE_FILE]);
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
    open().close();
    const file = join(keysFolder, `${one}.json`);
    const record = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...record, algorithm: 'ed25519' }));
    expect(() => openState(directory)).toThrow(
      expect.objectContaining({
        code: 'store/tampered',
        message: expect.stringMatching(/algorithm ed25519/),
      }),
    );
  });

  test('D-12: with the address of another key is refused', () => {
    open().close();
    const file = join(keysFolder, `${two}.json`);
    const record = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...record, address: ONE.toLowerCase() }));
    expect(() => openState(directory)).toThrow(/two keys .* have the address/);
  });

  test('X-6: a reserved ban names its key by id', () => {
    const path = join(temporaryDirectory(), RESERVE_FILE);
    const reserve = openBanReserve(path);
    reserve.keep(one, bansOfOne);
    reserve.close();
    expect(readReservedBans(path)).toEqual([{ key_id: one, ban: bansOfOne[0] }]);
  });
});
