import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { initAgent } from '../../src/init.ts';
import { openPins } from '../../src/roster/pins.ts';
import { openState } from '../../src/records/state.ts';
import { openBanReserve, readReservedBans } from '../../src/records/banReserve.ts';
import { openAgentJournal, readAgentRecords } from '../../src/records/agentJournal.ts';
import { KEPT_SESSIONS } from '../../src/records/journalState.ts';
import { RESERVE_FILE, STATE_FILES } from '../../src/records/names.ts';
import { openLinkState } from '../../src/link/state.ts';
import {
  openSessionRecords,
  type SessionRecord,
  sessionFileName,
} from '../../src/records/sessionRecords.ts';
import { chipPublicKey } from '../support/chipKeys.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { fillUp, useFullDisk } from '../support/fullDisk.ts';
import { keyRecord } from '../support/keyRecord.ts';
import { openKeys } from '../support/openKeys.ts';

useFullDisk();

function freshAgent(): string {
  const directory = join(temporaryDirectory(), 'agent');
  const url = 'ws://127.0.0.1:1/ws';
  initAgent({ directory, url, username: 'alice', approval: 'auto', rosterKey: null });
  return directory;
}

const record: SessionRecord = {
  session_key: 's1',
  kind: 'sign',
  part_index: 2,
  state: 'accepted',
  intent_hash: 'aa'.repeat(32),
  key_id: '22'.repeat(32),
  digest: 'bb'.repeat(32),
  signature: null,
  reason: null,
  settled: false,
  updated_at: 1,
};

function everyFile(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('agent state', () => {
  test('1.9.13 every file is 0600 and every directory 0700, whatever the umask says', async () => {
    const previous = process.umask(0);
    try {
      const directory = freshAgent();
      const state = openState(directory);
      await state.sessions.begin(record);
      state.keys.add(keyRecord([chipPublicKey(), chipPublicKey()], ['alice', 'bob']));
      state.link.changeStream('stream-1');
      state.evidence.write({
        key_id: null,
        algorithm: null,
        session_key: 's1',
        session_id: '',
        reason: 'x',
        culprits: [],
        round: 1,
        certificates: [],
        messages: [],
      });
      const files = everyFile(directory);
      expect(files.length).toBeGreaterThan(8);
      for (const file of files) expect(statSync(file).mode & 0o777, file).toBe(0o600);
      for (const name of ['', 'keys', 'evidence']) {
        expect(statSync(join(directory, name)).mode & 0o777, name).toBe(0o700);
      }
      state.close();
    } finally {
      process.umask(previous);
    }
  });

  test('a directory cannot be opened twice, also within one process', () => {
    const directory = freshAgent();
    const state = openState(directory);
    expect(() => openState(directory)).toThrow(/held by process/);
    state.close();
    openState(directory).close();
  });

  test('agent init overwrites nothing', () => {
    const directory = freshAgent();
    const before = readFileSync(join(directory, 'local.key'));
    const again = () =>
      initAgent({ directory, url: 'ws://x/ws', username: 'b', approval: 'auto', rosterKey: null });
    expect(again).toThrow(/has an agent already/);
    expect(readFileSync(join(directory, 'local.key')).equals(before)).toBe(true);
  });
});

describe('used session keys', () => {
  test('R-14: are used by one call only, and survive a restart with the record of the session', async () => {
    const directory = freshAgent();
    const first = openState(directory);
    const both = [first.sessions.begin(record), first.sessions.begin(record)];
    expect(await Promise.all(both)).toEqual([true, false]);
    first.close();
    const second = openState(directory);
    onTestFinished(() => second.close());
    expect(second.used.find('s1')).toBe(2);
    expect(second.used.latest(3)).toEqual(['s1']);
    expect(second.sessions.read('s1', 2)).toEqual(record);
    expect(await second.sessions.begin(record)).toBe(false);
  });

  test('R-14: stay for ever, and of the records of sessions that are over the last thousand', async () => {
    const directory = freshAgent();
    const state = openState(directory);
    const over = { ...record, state: 'completed' } as const;
    const keys = Array.from({ length: 5000 }, (_, n) => `s${n}`);
    await Promise.all([
      state.sessions.begin({ ...record, session_key: 'living' }),
      ...keys.map((session_key) => state.sessions.begin({ ...over, session_key })),
    ]);
    state.close();
    const again = openState(directory);
    onTestFinished(() => again.close());
    for (const key of keys) expect(again.used.find(key)).toBe(2);
    expect(again.sessions.read('living', 2)?.state).toBe('accepted');
    expect(again.sessions.read('s4999', 2)).toEqual({ ...over, session_key: 's4999' });
    expect(again.sessions.read(`s${5000 - KEPT_SESSIONS}`, 2)).toBeUndefined();
    expect(again.sessions.read(`s${5001 - KEPT_SESSIONS}`, 2)).toBeDefined();
  });

  test('X-6: recorded before a disk was full in the middle of a write, are there after it', () => {
    const directory = freshAgent();
    const program = fileURLToPath(new URL('../support/limitedDisk.mjs', import.meta.url));
    const script = 'ulimit -S -f 60; exec "$0" "$@"';
    const ran = spawnSync('bash', ['-c', script, process.execPath, program, directory]);
    const { failures, recorded } = JSON.parse(ran.stdout.toString()) as {
      failures: string[];
      recorded: string[];
    };
    // Room that comes back does not count before a restart.
    expect(failures).toEqual(['store/failed', 'store/failed']);
    expect(recorded.length).toBeGreaterThan(10);
    const state = openState(directory);
    onTestFinished(() => state.close());
    for (const key of recorded) expect([key, state.used.find(key)]).toEqual([key, 2]);
  });
});

describe('session records', () => {
  test('open again to what was written, and say nothing to a reader of the disk', async () => {
    const directory = freshAgent();
    const state = openState(directory);
    await state.sessions.write(record);
    expect(state.sessions.read('s1', 2)).toEqual(record);
    const text = readFileSync(join(directory, STATE_FILES.journal), 'latin1');
    expect(text).toContain('s1_2.json');
    for (const secret of [record.digest, record.key_id, '"sign"', 'accepted']) {
      expect(text).not.toContain(secret);
    }
    state.close();
  });

  test('a record that was tampered with, or renamed to another session, is refused', async () => {
    const { journal, state } = openAgentJournal(temporaryDirectory(), {
      tell: () => undefined,
      disk: undefined,
    });
    onTestFinished(() => journal.close());
    const sessions = openSessionRecords({ journal, state }, Buffer.alloc(32), () => undefined);
    await sessions.write(record);
    const sealed = state.session('s1_2.json') ?? '';
    journal.appendSync({ type: 'session', name: 's9_2.json', sealed, over: false });
    expect(() => sessions.read('s9', 2)).toThrow(/cannot be opened/);
    const parsed = JSON.parse(sealed);
    const altered = `A${parsed.sealed.slice(1)}`;
    parsed.sealed = altered === parsed.sealed ? `B${parsed.sealed.slice(1)}` : altered;
    const again = { type: 'session', name: 's1_2.json', over: false } as const;
    journal.appendSync({ ...again, sealed: JSON.stringify(parsed) });
    expect(() => sessions.read('s1', 2)).toThrow(/cannot be opened/);
  });

  test('R-17: a session key that would leave the folder is refused', () => {
    for (const sessionKey of ['../x', '/etc/x', 'a/b', 'a\u0000b', '', 'x'.repeat(129), 'ü']) {
      expect(() => sessionFileName(sessionKey, 1), sessionKey).toThrow(
        expect.objectContaining({ code: 'session/refused' }),
      );
    }
    expect(sessionFileName('..', 1)).toBe('.._1.json');
  });
});

describe('key records', () => {
  const holders = [chipPublicKey(), chipPublicKey()];

  test('survive a restart', () => {
    const directory = temporaryDirectory();
    const one = keyRecord(holders, ['alice', 'bob']);
    const first = openKeys(directory);
    first.keys.add(one);
    first.close();
    expect(openKeys(directory).keys.findByAddress(one.address.toLowerCase())).toEqual(one);
  });

  test('count releases on disk, and note a confirmed count for the next change', async () => {
    const directory = temporaryDirectory();
    const { keys } = openKeys(directory);
    const one = keyRecord(holders, ['alice', 'bob']);
    keys.add(one);
    const onDisk = () => readAgentRecords(directory).key(one.key_id)?.releases;
    await keys.count(one.key_id, { confirmed: 0, outstanding: 1 });
    expect(onDisk()).toEqual({ confirmed: 0, outstanding: 1 });
    keys.noteCount(one.key_id, { confirmed: 1, outstanding: 0 });
    expect(keys.find(one.key_id)?.releases).toEqual({ confirmed: 1, outstanding: 0 });
    expect(onDisk()).toEqual({ confirmed: 0, outstanding: 1 });
    await keys.count(one.key_id, { confirmed: 1, outstanding: 1 });
    expect(onDisk()).toEqual({ confirmed: 1, outstanding: 1 });
  });

  test('are not there any more once they are removed', () => {
    const directory = temporaryDirectory();
    const { keys } = openKeys(directory);
    const one = keyRecord(holders, ['alice', 'bob']);
    keys.add(one);
    keys.remove(one.key_id);
    expect(keys.findByAddress(one.address)).toBeUndefined();
    expect(readAgentRecords(directory).keys()).toEqual([]);
  });

  /** Keys whose journal takes nothing more, as on a full disk, until it is given free. */
  const blocked = () => {
    const directory = temporaryDirectory();
    const opened = openKeys(directory);
    const one = keyRecord(holders, ['alice', 'bob']);
    opened.keys.add(one);
    const free = fillUp(join(directory, STATE_FILES.journal));
    onTestFinished(free);
    return { ...opened, directory, keyId: one.key_id, free };
  };
  const banOf = (part_index: number, session_key = 's1') => ({
    part_index,
    session_key,
    reason: 'invalid-proof',
    at: 1,
  });

  test('X-6: a disk that fails stops every key until a restart', async () => {
    const { directory, keys, keyId, ...opened } = blocked();
    const { free } = opened;
    const releases = { confirmed: 0, outstanding: 1 };
    expect(keys.isStopped(keyId)).toBe(false);
    await expect(keys.count(keyId, releases)).rejects.toMatchObject({ code: 'store/failed' });
    free();
    expect(keys.isStopped(keyId)).toBe(true);
    await expect(keys.count(keyId, releases)).rejects.toMatchObject({ code: 'store/failed' });
    opened.close();
    const again = openKeys(directory).keys;
    expect(again.isStopped(keyId)).toBe(false);
    await again.count(keyId, releases);
    expect(again.find(keyId)?.releases).toEqual(releases);
  });

  test('O-12, X-6: a ban that a full disk does not take into the journal survives a restart in the reserve', () => {
    const { directory, keys, keyId, close, free } = blocked();
    keys.ban(keyId, [banOf(2)]);
    expect(keys.find(keyId)?.bans).toEqual([banOf(2)]);
    // The journal has failed by now.
    keys.ban(keyId, [banOf(4, 's4')]);
    const bansOf = () => readAgentRecords(directory).key(keyId)?.bans;
    expect(bansOf()).toEqual([banOf(2), banOf(4, 's4')]);
    close();
    // Another process finds the same, also one that starts while the disk is full.
    free();
    const second = openKeys(directory);
    expect(second.keys.find(keyId)?.bans).toEqual([banOf(2), banOf(4, 's4')]);
    expect(second.reserve.list()).toEqual([]);
    second.close();
    rmSync(join(directory, 'keys', RESERVE_FILE));
    expect(bansOf()).toEqual([banOf(2), banOf(4, 's4')]);
  });

  test('O-12, X-6: reserved bans count while the disk stays full', () => {
    const { directory, keyId, reserve, close, free } = blocked();
    reserve.keep(keyId, [banOf(2)]);
    close();
    const second = openKeys(directory);
    expect(second.keys.find(keyId)?.bans).toEqual([banOf(2)]);
    expect(second.reserve.list()).toHaveLength(1);
    second.close();
    free();
    expect(openKeys(directory).reserve.list()).toEqual([]);
  });

  test('O-12, X-6: a ban that not even the reserve takes holds in this process and stops the key', () => {
    const { directory, keys, reserve, keyId } = blocked();
    for (let slot = 0; slot < 64; slot += 1) reserve.keep(keyId, [banOf(3)]);
    expect(() => keys.ban(keyId, [banOf(2)])).toThrow(
      expect.objectContaining({ code: 'store/failed' }),
    );
    expect(keys.isStopped(keyId)).toBe(true);
    expect(keys.find(keyId)?.bans).toContainEqual(banOf(2));
    expect(statSync(join(directory, 'keys', RESERVE_FILE)).size).toBe(64 * 512);
  });

  test('X-6: the reserve is overwritten in place, and a slot that a crash tore is none', () => {
    const path = join(temporaryDirectory(), RESERVE_FILE);
    const reserve = openBanReserve(path);
    const long = { ...banOf(32, 'k'.repeat(128)), reason: 'r'.repeat(1000) };
    const keyId = '22'.repeat(32);
    reserve.keep(keyId, [banOf(2), long]);
    reserve.close();
    expect(statSync(path)).toMatchObject({ size: 64 * 512 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const torn = readFileSync(path);
    torn.fill('x', 100, 200);
    writeFileSync(path, torn);
    expect(readReservedBans(path)).toEqual([
      { key_id: keyId, ban: { ...long, reason: 'r'.repeat(32) } },
    ]);
  });

  test('D-12: a second key with the same id or address is refused', () => {
    const { keys } = openKeys(temporaryDirectory());
    const one = keyRecord(holders, ['alice', 'bob']);
    keys.add(one);
    const address = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';
    expect(() => keys.add({ ...one, address })).toThrow(/exists already/);
    expect(() => keys.add({ ...one, key_id: '44'.repeat(32) })).toThrow(/exists already/);
  });

  test('X-6: an agent whose journal is gone does not start, and keeps the bans of its reserve', () => {
    const directory = freshAgent();
    openState(directory).close();
    const reserve = openBanReserve(join(directory, 'keys', RESERVE_FILE));
    reserve.keep('ab'.repeat(32), [{ part_index: 2, session_key: 's', reason: 'r', at: 1 }]);
    reserve.close();
    rmSync(join(directory, STATE_FILES.journal));
    const lost = {
      code: 'store/tampered',
      message: expect.stringContaining('state.journal is missing'),
    };
    for (const look of [openState, readAgentRecords]) {
      expect(() => look(directory)).toThrow(expect.objectContaining(lost));
    }
    expect(readReservedBans(join(directory, 'keys', RESERVE_FILE))).toHaveLength(1);
  });

  test('a journal that was altered stops the agent, and says where', () => {
    const directory = temporaryDirectory();
    const { keys, close } = openKeys(directory);
    keys.add(keyRecord(holders, ['alice', 'bob']));
    keys.add({
      ...keyRecord(holders, ['alice', 'bob']),
      key_id: '44'.repeat(32),
      address: '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
    });
    close();
    const path = join(directory, STATE_FILES.journal);
    const bytes = readFileSync(path);
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const refusal = { code: 'store/tampered', message: `${path}: offset 72 is damaged` };
    expect(() => openKeys(directory)).toThrow(expect.objectContaining(refusal));
    expect(() => readAgentRecords(directory)).toThrow(expect.objectContaining(refusal));
  });
});

describe('link state', () => {
  test('client numbers are never given out twice, even if the process dies before it saves', () => {
    const path = join(temporaryDirectory(), 'link.json');
    const first = openLinkState(path);
    const given = [first.nextCseq(), first.nextCseq(), first.nextCseq()];
    const second = openLinkState(path);
    expect(second.nextCseq()).toBeGreaterThan(Math.max(...given));
  });

  test('X-6: a client number that could not be set aside on disk is not given out', () => {
    const path = join(temporaryDirectory(), 'link.json');
    const state = openLinkState(path);
    mkdirSync(`${path}.tmp`);
    for (let at = 0; at < 2; at += 1) {
      expect(() => state.nextCseq()).toThrow(expect.objectContaining({ code: 'store/failed' }));
    }
    expect(() => state.save()).toThrow(expect.objectContaining({ code: 'store/failed' }));
    rmdirSync(`${path}.tmp`);
    expect(state.nextCseq()).toBe(1);
    expect(openLinkState(path).nextCseq()).toBeGreaterThan(1);
  });

  test('R-18: another stream starts anew, and that survives a restart', () => {
    const path = join(temporaryDirectory(), 'link.json');
    const state = openLinkState(path);
    state.changeStream('aaaaaaaa');
    state.processed(41);
    state.save();
    expect(openLinkState(path)).toMatchObject({ stream: 'aaaaaaaa', seq: 41 });
    state.changeStream('bbbbbbbb');
    expect(openLinkState(path)).toMatchObject({ stream: 'bbbbbbbb', seq: 0 });
  });

  test('nothing is claimed as processed before everything that it changed is on disk', () => {
    const directory = freshAgent();
    const state = openState(directory);
    onTestFinished(() => state.close());
    const onDisk = () => readFileSync(join(directory, STATE_FILES.journal), 'latin1');
    state.sessions.note(record);
    state.link.processed(7);
    expect(onDisk()).not.toContain('s1_2.json');
    state.link.save();
    expect(onDisk()).toContain('s1_2.json');
    expect(openLinkState(join(directory, STATE_FILES.link)).seq).toBe(7);
  });

  test('a damaged file costs a replay, never a repeated number', () => {
    const path = join(temporaryDirectory(), 'link.json');
    const used = openLinkState(path).nextCseq();
    writeFileSync(path, '{');
    const state = openLinkState(path);
    expect(state.seq).toBe(0);
    expect(state.nextCseq()).toBeGreaterThan(used);
  });
});

test('Z-3: files that the disk does not give are not told as tampered with', () => {
  const directory = freshAgent();
  const name = `0x${'1'.repeat(40)}.json`;
  mkdirSync(join(directory, 'keys', name), { recursive: true });
  expect(() => readAgentRecords(directory)).toThrow(expect.objectContaining({ code: 'EISDIR' }));
  mkdirSync(join(directory, 'unreadable'));
  expect(() => openPins(join(directory, 'unreadable'))).toThrow(
    expect.objectContaining({ code: 'EISDIR' }),
  );
});
