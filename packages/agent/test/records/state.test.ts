import { replaceFile } from '@quorate/holder';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
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
import { openKeyRecords, RESERVE_FILE } from '../../src/records/keyRecords.ts';
import { openLinkState } from '../../src/link/state.ts';
import { type SessionRecord, sessionFileName } from '../../src/records/sessionRecords.ts';
import { openUsedSessions } from '../../src/records/usedSessions.ts';
import { chipPublicKey } from '../support/chipKeys.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { keyRecord } from '../support/keyRecord.ts';

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
  test('1.9.13 every file is 0600 and every directory 0700, whatever the umask says', () => {
    const previous = process.umask(0);
    try {
      const directory = freshAgent();
      const state = openState(directory);
      state.used.add('s1', 1);
      state.sessions.write(record);
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
      for (const name of ['', 'keys', 'sessions', 'evidence']) {
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
  test('R-14: survive a restart, and a line torn by a crash does not swallow the next one', () => {
    const path = join(temporaryDirectory(), 'used');
    const first = openUsedSessions(path);
    expect(first.add('s1', 2)).toBe(true);
    expect(first.add('s1', 2)).toBe(false);
    first.close();
    appendFileSync(path, 's2 tor');
    const second = openUsedSessions(path);
    expect(second.find('s1')).toBe(2);
    second.add('s3', 1);
    second.close();
    const third = openUsedSessions(path);
    expect(third.find('s3')).toBe(1);
    expect(third.find('s1')).toBe(2);
    third.close();
  });

  test('X-6: a line that a full disk cut off does not swallow the next one', () => {
    const path = join(temporaryDirectory(), 'used');
    const program = fileURLToPath(new URL('../support/limitedDisk.mjs', import.meta.url));
    const script = 'ulimit -S -f 1; exec "$0" "$@"';
    const ran = spawnSync('bash', ['-c', script, process.execPath, program, path]);
    const { failure, recorded } = JSON.parse(ran.stdout.toString()) as {
      failure: string;
      recorded: string[];
    };
    expect(failure).toBe('store/failed');
    expect(recorded.length).toBeGreaterThan(10);
    const used = openUsedSessions(path);
    onTestFinished(() => used.close());
    for (const key of recorded) expect([key, used.find(key)]).toEqual([key, 1]);
  });
});

describe('session records', () => {
  test('open again to what was written, and say nothing to a reader of the disk', () => {
    const directory = freshAgent();
    const state = openState(directory);
    state.sessions.write(record);
    expect(state.sessions.read('s1', 2)).toEqual(record);
    const text = readFileSync(join(directory, 'sessions', 's1_2.json'), 'utf8');
    expect(text).not.toContain('5aAeb6');
    expect(text).not.toContain('sign');
    state.close();
  });

  test('a record that was tampered with, or renamed to another session, is refused', () => {
    const directory = freshAgent();
    const state = openState(directory);
    state.sessions.write(record);
    const file = join(directory, 'sessions', 's1_2.json');
    const content = readFileSync(file, 'utf8');
    replaceFile(join(directory, 'sessions', 's9_2.json'), content);
    expect(() => state.sessions.read('s9', 2)).toThrow(/cannot be opened/);
    const parsed = JSON.parse(content);
    parsed.sealed =
      `A${parsed.sealed.slice(1)}` === parsed.sealed ? 'B' : `A${parsed.sealed.slice(1)}`;
    replaceFile(file, JSON.stringify(parsed));
    expect(() => state.sessions.read('s1', 2)).toThrow(/cannot be opened/);
    state.close();
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
    const directory = join(temporaryDirectory(), 'keys');
    const one = keyRecord(holders, ['alice', 'bob']);
    openKeyRecords(directory).add(one);
    expect(openKeyRecords(directory).findByAddress(one.address.toLowerCase())).toEqual(one);
  });

  test('a record of the former version is read, its count as what was confirmed', () => {
    const directory = join(temporaryDirectory(), 'keys');
    mkdirSync(directory, { mode: 0o700 });
    const one = keyRecord(holders, ['alice', 'bob']);
    const { releases: _, algorithm: _algorithm, ...rest } = one;
    const former = { ...rest, format: 'quorate-key/v1', release_count: 7 };
    replaceFile(join(directory, `${one.address.toLowerCase()}.json`), JSON.stringify(former));
    const releases = { confirmed: 7, outstanding: 0 };
    expect(openKeyRecords(directory).find(one.key_id)).toEqual({ ...one, releases });
  });

  test('O-12: a ban that cannot be written holds in this process and stops the key', () => {
    const directory = join(temporaryDirectory(), 'keys');
    const one = keyRecord(holders, ['alice', 'bob']);
    const keys = openKeyRecords(directory);
    keys.add(one);
    const ban = { part_index: 2, session_key: 's1', reason: 'invalid-proof', at: 1 };
    const temporary = join(directory, `${one.key_id}.json.tmp`);
    mkdirSync(temporary);
    expect(() => keys.ban(one.key_id, [ban])).toThrow(
      expect.objectContaining({ code: 'store/failed' }),
    );
    expect(keys.find(one.key_id)?.bans).toEqual([ban]);
    expect(keys.isStopped(one.key_id)).toBe(true);
    rmdirSync(temporary);
    keys.ban(one.key_id, [ban]);
    expect(keys.isStopped(one.key_id)).toBe(false);
    expect(openKeyRecords(directory).find(one.key_id)?.bans).toEqual([ban]);
  });

  /** A folder in which the record of a key cannot be replaced, as on a full disk, until it is given free. */
  const blocked = () => {
    const directory = join(temporaryDirectory(), 'keys');
    mkdirSync(directory, { mode: 0o700 });
    const reserve = openBanReserve(join(directory, RESERVE_FILE));
    onTestFinished(() => reserve.close());
    const keys = openKeyRecords(directory, reserve);
    const one = keyRecord(holders, ['alice', 'bob']);
    keys.add(one);
    const obstacle = join(directory, `${one.key_id}.json.tmp`);
    mkdirSync(obstacle);
    return {
      directory,
      keys,
      reserve,
      address: one.address,
      keyId: one.key_id,
      free: () => rmdirSync(obstacle),
    };
  };
  const banOf = (part_index: number, session_key = 's1') => ({
    part_index,
    session_key,
    reason: 'invalid-proof',
    at: 1,
  });

  test('X-6: a ban that a full disk does not take into the record survives a restart in the reserve', () => {
    const { directory, keys, keyId, free } = blocked();
    keys.ban(keyId, [banOf(2)]);
    expect(keys.isStopped(keyId)).toBe(false);
    // Another process finds the same, also one that starts while the disk is full.
    expect(openKeyRecords(directory).find(keyId)?.bans).toEqual([banOf(2)]);
    const second = openBanReserve(join(directory, RESERVE_FILE));
    const again = openKeyRecords(directory, second);
    expect(again.find(keyId)?.bans).toEqual([banOf(2)]);
    again.ban(keyId, [banOf(3, 's2')]);
    free();
    second.close();
    const third = openBanReserve(join(directory, RESERVE_FILE));
    onTestFinished(() => third.close());
    const record = openKeyRecords(directory, third).find(keyId);
    expect(record?.bans).toEqual([banOf(2), banOf(3, 's2')]);
    expect(third.list()).toEqual([]);
    rmSync(join(directory, RESERVE_FILE));
    expect(openKeyRecords(directory).find(keyId)?.bans).toEqual(record?.bans);
  });

  test('X-6: a ban that not even the reserve takes holds in this process and stops the key', () => {
    const { directory, keys, reserve, keyId } = blocked();
    for (let slot = 0; slot < 64; slot += 1) reserve.keep(keyId, [banOf(3)]);
    expect(() => keys.ban(keyId, [banOf(2)])).toThrow(
      expect.objectContaining({ code: 'store/failed' }),
    );
    expect(keys.isStopped(keyId)).toBe(true);
    expect(keys.find(keyId)?.bans).toContainEqual(banOf(2));
    expect(statSync(join(directory, RESERVE_FILE)).size).toBe(64 * 512);
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
    const keys = openKeyRecords(join(temporaryDirectory(), 'keys'));
    const one = keyRecord(holders, ['alice', 'bob']);
    keys.add(one);
    const address = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';
    expect(() => keys.add({ ...one, address })).toThrow(/exists already/);
    expect(() => keys.add({ ...one, key_id: '44'.repeat(32) })).toThrow(/exists already/);
  });

  test('a damaged record, or one under another name, stops the agent instead of being skipped', () => {
    const directory = join(temporaryDirectory(), 'keys');
    const keys = openKeyRecords(directory);
    const one = keyRecord(holders, ['alice', 'bob']);
    keys.add(one);
    const file = join(directory, `${one.key_id}.json`);
    const content = readFileSync(file, 'utf8');
    replaceFile(join(directory, `${'0'.repeat(64)}.json`), content);
    expect(() => openKeyRecords(directory)).toThrow(/cannot be used/);
    replaceFile(file, content.slice(10));
    expect(() => openKeyRecords(directory)).toThrow(/cannot be used/);
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
  const keys = join(directory, 'keys');
  const name = `0x${'1'.repeat(40)}.json`;
  mkdirSync(join(keys, name), { recursive: true });
  expect(() => openKeyRecords(keys)).toThrow(expect.objectContaining({ code: 'EISDIR' }));
  mkdirSync(join(directory, 'unreadable'));
  expect(() => openPins(join(directory, 'unreadable'))).toThrow(
    expect.objectContaining({ code: 'EISDIR' }),
  );
});
