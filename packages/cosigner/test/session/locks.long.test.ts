import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { keyedStores } from '../support/keyedStores.ts';
import { z } from 'zod';
import { Running, startPair } from '../support/pair.ts';
import { copyStores, rewriteRecords, stockPrimes } from '../support/stores.ts';

describe('the lock of a key', () => {
  const keyed = keyedStores();
  let key: string;
  beforeAll(() => {
    key = keyed.key;
  });

  const stores = (): string => keyed.copy();
  const recordFile = (directory: string): string =>
    join(directory, 'enterprise/keys', `${key}.json`);
  /** Puts P1's record and the journal with its counts back as they are in a copy. */
  const putBack = (directory: string, copy: string): void => {
    for (const file of [`keys/${key}.json`, 'journal']) {
      cpSync(join(copy, 'enterprise', file), join(directory, 'enterprise', file));
    }
  };

  test('L-1c: of 50 signatures at once with a P2 that breaks its proofs none completes, and one locks', async () => {
    const directory = stores();
    const pair = await startPair(directory, { seams2: ['evil'] });
    const ended = await Promise.all(
      Array.from({ length: 50 }, (_, at) => pair.p1.sign(key, `message ${at}`)),
    );
    expect(ended.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 'aborted'));
    expect(ended.filter(({ signature }) => signature !== null)).toEqual([]);
    const [locked] = await pair.p1.keys();
    expect(locked).toMatchObject({ state: 'locked', lock: { kind: 'refreshable' } });
    expect(pair.p1.log.filter((line) => line.includes('key locked'))).toHaveLength(1);
    // One message was judged; the other 49 sessions were stopped before theirs was.
    expect(readdirSync(join(directory, 'enterprise/evidence'))).toEqual([
      `${locked?.lock?.session_id}.json`,
    ]);
    await pair.stop();
  });

  const lockOf = (directory: string): unknown =>
    z
      .object({ record: z.object({ lock: z.object({ state: z.string() }) }) })
      .parse(JSON.parse(readFileSync(recordFile(directory), 'utf8'))).record.lock.state;

  test.each([
    ['an abort of P2 follows its last message', [], ['evil', 'hasty']],
    ['P1’s deadline passes while it is judged', ['late'], ['evil']],
  ])('L-1b: the key is locked although %s', async (_, seams1, seams2) => {
    const directory = stores();
    const pair = await startPair(directory, { seams1, seams2 });
    const ended = await pair.p1.sign(key, 'broken');
    expect(ended).toMatchObject({ status: 'aborted', signature: null });
    await pair.stop();
    expect(lockOf(directory)).toBe('refreshable');
    expect(readdirSync(join(directory, 'enterprise/evidence'))).toEqual([
      `${ended.session_id}.json`,
    ]);
  });

  test('L-1b: the key is locked although P1 is stopped while the last message is judged', async () => {
    const directory = stores();
    const pair = await startPair(directory, { seams1: ['stopped'], seams2: ['evil'] });
    await pair.p1.sign(key, 'broken').catch(() => undefined);
    await pair.stop();
    expect(lockOf(directory)).toBe('refreshable');
  });

  test('L-1b: a lock is on disk before the answer leaves: killed in between, the key stays locked', async () => {
    const directory = stores();
    const pair = await startPair(directory, {
      seams1: ['terminal', 'die:key locked'],
      seams2: ['evil'],
    });
    await pair.p1.sign(key, 'one attempt').catch(() => undefined);
    await pair.p1.kill();
    await pair.p2.kill();
    const again = await startPair(directory);
    expect((await again.p1.keys())[0]).toMatchObject({
      state: 'retired',
      lock: { kind: 'terminal' },
    });
    const order = { session_id: key, message: 'a second attempt', partner: 'mobile-app' };
    expect(await again.p1.refused('/api/v1/sign/two-party', order)).toEqual({
      status: 409,
      code: 'key_retired',
    });
    // Nor when P2 asks.
    const asked = await again.p2.sign(key, 'a third attempt');
    expect(asked).toMatchObject({ status: 'aborted', error: { code: 'key_retired' } });
    const refresh = { session_id: key, partner: 'mobile-app' };
    expect((await again.p1.refused('/api/v1/refresh/two-party', refresh)).code).toBe('key_retired');
    await again.stop();
  });

  test('L-14: a refresh opens a locked key under the same address, at most three times in its life', async () => {
    const directory = stores();
    const evil = await startPair(directory, { seams2: ['evil'] });
    const refused = await evil.p1.sign(key, 'broken');
    expect(refused.error?.code).toBe('key_locked');
    // All failed checks look alike to the partner.
    expect((await evil.p2.over(refused.session_id)).error?.code).toBe('key_locked');
    await evil.stop();

    await stockPrimes(directory, 2048, 'others');
    const pair = await startPair(directory);
    const [before] = await pair.p1.keys();
    const blocked = { session_id: key, message: 'x', partner: 'mobile-app' };
    expect(await pair.p1.refused('/api/v1/sign/two-party', blocked)).toEqual({
      status: 409,
      code: 'key_locked',
    });
    const there = { session_id: key, partner: 'enterprise' };
    expect((await pair.p2.refused('/api/v1/refresh/two-party', there)).code).toBe('wrong_side');
    const refreshed = await pair.p1.refresh(key);
    expect(refreshed).toMatchObject({ status: 'completed', error: null });
    await pair.p2.over(refreshed.session_id);
    const [after] = await pair.p1.keys();
    expect(after).toMatchObject({
      state: 'active',
      epoch: 1,
      lock: null,
      openings_left: 2,
      address: before?.address,
    });
    expect((await pair.p2.keys())[0]).toMatchObject({ state: 'active', epoch: 1 });
    const signed = await pair.p2.sign(key, 'after the refresh');
    expect(signed).toMatchObject({ status: 'completed', address: before?.address });
    await pair.stop();

    const lock = { state: 'refreshable', reopened: 3, session_id: key, at: 1 };
    await rewriteRecords(directory, 'enterprise', (record) => [{ ...record, lock }]);
    const last = await startPair(directory);
    const fourth = { session_id: key, partner: 'mobile-app' };
    expect(await last.p1.refused('/api/v1/refresh/two-party', fourth)).toEqual({
      status: 409,
      code: 'key_retired',
    });
    await last.stop();
  });

  test('E-1: an older store put back is noticed by the chip, and the key is not used', async () => {
    const directory = stores();
    const older = copyStores(directory);
    const pair = await startPair(directory);
    expect((await pair.p1.sign(key, 'x')).status).toBe('completed');
    await pair.stop();
    putBack(directory, older);
    const again = await startPair(directory);
    const signed = await again.p1.sign(key, 'y');
    expect(signed).toMatchObject({ status: 'aborted', error: { code: 'key_rolled_back' } });
    expect((await again.p1.keys())[0]?.state).toBe('rolled_back');
    await again.stop();
  });

  test('E-1, L-14: a refresh gives a key back that was rolled back at P1, and counts as an opening', async () => {
    const directory = stores();
    const older = copyStores(directory);
    const first = await startPair(directory);
    expect((await first.p1.sign(key, 'x')).status).toBe('completed');
    await first.stop();
    const right = copyStores(directory);
    putBack(directory, older);
    const wrong = await startPair(directory);
    expect((await wrong.p1.sign(key, 'y')).error?.code).toBe('key_rolled_back');
    await wrong.stop();

    // The right one does not explain the release that the older one has cost.
    putBack(directory, right);
    await stockPrimes(directory, 2048, 'others');
    const pair = await startPair(directory);
    expect((await pair.p1.sign(key, 'z')).error?.code).toBe('key_rolled_back');
    const refreshed = await pair.p1.refresh(key);
    expect(refreshed).toMatchObject({ status: 'completed', error: null });
    await pair.p2.over(refreshed.session_id);
    const [after] = await pair.p1.keys();
    expect(after).toMatchObject({ state: 'active', epoch: 1, openings_left: 2 });
    expect((await pair.p1.sign(key, 'z')).status).toBe('completed');
    await pair.stop();
  });

  test('E-1: a refresh gives a key back after an older chip of P2, whichever chip is there then', async () => {
    const directory = stores();
    const chip = join(directory, 'mobile-app/chip.sealed');
    const older = readFileSync(chip);
    const first = await startPair(directory);
    expect((await first.p1.sign(key, 'x')).status).toBe('completed');
    await first.stop();
    const right = readFileSync(chip);
    writeFileSync(chip, older);
    const wrong = await startPair(directory);
    const refused = await wrong.p1.sign(key, 'y');
    expect((await wrong.p2.over(refused.session_id)).error?.code).toBe('key_rolled_back');
    await wrong.stop();

    writeFileSync(chip, right);
    await stockPrimes(directory, 2048, 'others');
    const pair = await startPair(directory);
    const [there] = await pair.p2.keys();
    expect(there?.state).toBe('rolled_back');
    const refreshed = await pair.p1.refresh(key);
    expect(refreshed).toMatchObject({ status: 'completed', error: null });
    await pair.p2.over(refreshed.session_id);
    expect((await pair.p2.keys())[0]).toMatchObject({
      state: 'active',
      epoch: 1,
      openings_left: 3,
    });
    expect((await pair.p2.sign(key, 'z')).status).toBe('completed');
    await pair.stop();
  });

  test('E-1: a record put back from before the lock is noticed, though the keyshare stayed open in between', async () => {
    const directory = stores();
    const evil = await startPair(directory, { seams2: ['evil'] });
    expect((await evil.p1.sign(key, 'broken')).error?.code).toBe('key_locked');
    await evil.stop();
    // What was on disk when the keyshare was open and the proof had not failed yet.
    const lock = { state: 'none', reopened: 0, session_id: null, at: null };
    const releases = { confirmed: 1, outstanding: 0, explained: 2, due: null };
    await rewriteRecords(directory, 'enterprise', (record) => [{ ...record, lock, releases }]);
    const pair = await startPair(directory);
    expect((await pair.p1.keys())[0]?.state).toBe('active');
    const signed = await pair.p1.sign(key, 'another attempt');
    expect(signed).toMatchObject({ status: 'aborted', error: { code: 'key_rolled_back' } });
    await pair.stop();
  });

  test('E-1: with a lock taken out of its record the server does not start', async () => {
    const directory = stores();
    const lock = { state: 'refreshable', reopened: 1, session_id: key, at: 1 };
    await rewriteRecords(directory, 'enterprise', (record) => [{ ...record, lock }]);
    const written = readFileSync(recordFile(directory), 'utf8');
    writeFileSync(recordFile(directory), written.replace('refreshable', 'none'));
    await expect(Running.start(directory, 'enterprise')).rejects.toThrow(
      'not what this store wrote',
    );
    writeFileSync(recordFile(directory), written);
    const again = await Running.start(directory, 'enterprise');
    expect((await again.keys())[0]).toMatchObject({ state: 'locked', openings_left: 2 });
    await again.stop();
  });

  test('E-1: an older chip put back is noticed by the store, and every session of the key ends', async () => {
    const directory = stores();
    const chip = join(directory, 'enterprise/chip.sealed');
    const older = readFileSync(chip);
    const pair = await startPair(directory);
    expect((await pair.p1.sign(key, 'x')).status).toBe('completed');
    await pair.stop();
    writeFileSync(chip, older);
    const again = await startPair(directory);
    const signed = await Promise.all(['y', 'z'].map((text) => again.p1.sign(key, text)));
    expect(signed.map(({ error }) => error?.code)).toEqual(['key_rolled_back', 'key_rolled_back']);
    expect((await again.p1.keys())[0]?.state).toBe('rolled_back');
    await again.stop();
  });

  test('E-2: a share put in the place of the other side’s does not open', async () => {
    const directory = stores();
    const theirs: { record: { share: { shard: string } } } = JSON.parse(
      readFileSync(join(directory, 'mobile-app/keys', `${key}.json`), 'utf8'),
    );
    const { shard } = theirs.record.share;
    await rewriteRecords(directory, 'enterprise', (record) => [
      { ...record, share: { ...record.share, shard } },
    ]);
    const pair = await startPair(directory);
    const signed = await pair.p1.sign(key, 'x');
    expect(signed).toMatchObject({ status: 'failed', error: { code: 'internal' } });
    expect((await pair.p1.keys())[0]).toMatchObject({ state: 'active', lock: null });
    await pair.stop();
  });
});
