import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lastCseq, noteCseq } from '../../src/delivery/inbox.ts';
import { Outbox, RETENTION } from '../../src/delivery/outbox.ts';
import { coordinator, participant, type Recipient } from '../../src/delivery/recipient.ts';
import { openFixture } from '../auth/support.ts';
import { timesStored } from '../support/files.ts';

const ALICE = participant('alice');
const BOB = participant('bob');

test('R-8 the outbox of a recipient that fetches nothing has an end; open sessions lose nothing', async () => {
  const { database } = await openFixture();
  const outbox = new Outbox(() => undefined);
  const rows = (to: Recipient): Promise<{ seq: number; during_session: string | null }[]> =>
    database.read((tx) =>
      tx.all('SELECT seq, during_session FROM outbox WHERE username = ? ORDER BY seq', [
        to.username,
      ]),
    );
  await database.transaction(async (tx) => {
    await outbox.send(tx, BOB, { type: 'error' }, { now: 0 });
    await outbox.send(tx, ALICE, { type: 'sign_invite' }, { now: 0, during: 'open' });
    for (let n = 1; n < 6000; n += 1) await outbox.send(tx, ALICE, { type: 'error' }, { now: 0 });
  });
  const kept = await rows(ALICE);
  expect(kept.length).toBeLessThanOrEqual(4096 + 256 + 1);
  expect(kept[0]).toEqual({ seq: 1, during_session: 'open' });
  expect(kept.at(-1)?.seq).toBe(6000);
  expect(await rows(BOB)).toHaveLength(1);
});

describe('rounds', () => {
  const round = { type: 'round', session_key: 'one', from: 1, to: 2, round: 1, signature: 'AA==' };
  const during = { now: 0, during: 'one' };

  test('are stored as bytes, and sent again in the same words as the first time', async () => {
    const { database } = await openFixture();
    const said: string[] = [];
    const outbox = new Outbox((_, { text }) => said.push(text));
    const body = randomBytes(100_000).toString('base64');
    // The bits after the last byte have a second spelling, which is kept, too.
    const odd = `${body.slice(0, -4)}QR==`;
    await database.transaction(async (tx) => {
      await outbox.send(tx, BOB, { ...round, body }, during);
      await outbox.send(tx, BOB, { ...round, body: odd }, during);
    });
    const again = await database.read((tx) => outbox.after(tx, BOB, 0, 10));
    expect(again.map(({ text }) => text)).toEqual(said);
    expect(said.map((text) => JSON.parse(text) as unknown)).toEqual([
      { ...round, body, seq: 1 },
      { ...round, body: odd, seq: 2 },
    ]);
    const rows = await database.read((tx) =>
      tx.all(
        `SELECT length(body) AS bytes, length(message) < 200 AS short
         FROM outbox LEFT JOIN outbox_bodies USING (username, role, client, seq)`,
      ),
    );
    expect(rows).toEqual([
      { bytes: 100_000, short: 1 },
      { bytes: null, short: 0 },
    ]);
  });

  test('Z-15: their bytes may stay in free pages, those of a ciphertext never', async () => {
    const { database, directory } = await openFixture();
    const file = join(directory, 'quorate.db');
    const outbox = new Outbox(() => undefined);
    const ciphertext = randomBytes(30_000).toString('base64');
    const params = { type: 'sign_params', encrypted_shard: ciphertext };
    await database.transaction(async (tx) => {
      await outbox.send(tx, BOB, params, during);
      await outbox.send(
        tx,
        BOB,
        { ...round, body: randomBytes(60_000).toString('base64') },
        during,
      );
    });
    const part = ciphertext.slice(9000, 9060);
    expect(timesStored(file, part)).toBe(1);
    outbox.acknowledge(BOB, 2);
    await database.transaction((tx) => outbox.storeAcknowledged(tx));
    await database.scrub();
    expect(await database.read((tx) => tx.all('SELECT seq FROM outbox'))).toEqual([]);
    expect(timesStored(file, part)).toBe(0);
  });

  test('Z-15: no page that becomes free keeps a ciphertext that stood beside a round', async () => {
    const { database, directory } = await openFixture();
    const outbox = new Outbox(() => undefined);
    const users = ['ann', 'bob', 'carl', 'dora', 'eve'].map(participant);
    const session = (n: number): string => `s${n % 7}`;
    // Small ones stand in the pages of the table itself, between which SQLite moves them.
    for (let n = 0; n < 120; n += 1) {
      await database.transaction(async (tx) => {
        const terms = { now: 0, during: session(n) };
        const to = users[n % users.length]!;
        const encrypted_shard = 'CIPHERTEXT'.repeat(20 + (n % 13) * 20);
        if (n % 3 > 0) await outbox.send(tx, to, { type: 'sign_params', encrypted_shard }, terms);
        const body = randomBytes(30 + (n % 11) * 300).toString('base64');
        await outbox.send(tx, to, { ...round, body }, terms);
      });
    }
    for (let n = 0; n < 7; n += 1) {
      await database.transaction((tx) => outbox.sessionEnded(tx, session(n)));
    }
    await database.scrub();
    expect(timesStored(join(directory, 'quorate.db'), 'CIPHERTEXT')).toBe(0);
    const left = 'SELECT (SELECT COUNT(*) FROM outbox) + (SELECT COUNT(*) FROM outbox_bodies) AS n';
    expect(await database.read((tx) => tx.get(left))).toEqual({ n: 0 });
  });
});

describe('acknowledgements', () => {
  test('are stored with the next message to anybody, and once more when that fails', async () => {
    const { database } = await openFixture();
    const outbox = new Outbox(() => undefined);
    const stored = (): Promise<unknown> =>
      database.read((tx) =>
        tx.all('SELECT username, acked_seq FROM streams ORDER BY username', []),
      );
    await database.transaction((tx) => outbox.send(tx, BOB, { type: 'error' }, { now: 0 }));
    outbox.acknowledge(BOB, 1);
    expect(outbox.owesStore).toBe(true);
    const failed = database.transaction(async (tx) => {
      await outbox.send(tx, ALICE, { type: 'error' }, { now: 0 });
      throw new RangeError('refused');
    });
    await expect(failed).rejects.toThrow(RangeError);
    expect(await stored()).toEqual([{ username: 'bob', acked_seq: 0 }]);
    await database.transaction((tx) => outbox.send(tx, ALICE, { type: 'error' }, { now: 0 }));
    expect(await stored()).toEqual([
      { username: 'alice', acked_seq: 0 },
      { username: 'bob', acked_seq: 1 },
    ]);
    expect(outbox.owesStore).toBe(false);
  });
});

describe('clients of one user', () => {
  const DAY = 86_400_000;

  async function open() {
    const { database } = await openFixture();
    const connected = new Set<string>();
    const outbox = new Outbox(
      () => undefined,
      RETENTION,
      ({ client }) => connected.has(client),
    );
    const clients = async (): Promise<string[]> =>
      (await database.read((tx) => tx.all<{ client: string }>('SELECT client FROM streams'))).map(
        ({ client }) => client,
      );
    return { database, outbox, clients, connected };
  }

  test('Z-20: are forgotten a day after they were there, unless they are connected or have to fetch something', async () => {
    const { database, outbox, clients, connected } = await open();
    connected.add('connected');
    const names = ['idle', 'connected', 'owed', 'recent', ''];
    await database.transaction(async (tx) => {
      for (const name of names) {
        const at = name === 'recent' ? 1 : 0;
        await outbox.resume(tx, coordinator('ann', name), {}, at);
        await noteCseq(tx, coordinator('ann', name), 5);
      }
      await outbox.send(tx, coordinator('ann', 'owed'), { type: 'error' }, { now: 0 });
    });
    await database.transaction((tx) => outbox.prune(tx, DAY + 1));
    expect(new Set(await clients())).toEqual(new Set(['connected', 'owed', 'recent', '']));
    expect(await database.read((tx) => lastCseq(tx, coordinator('ann', 'idle')))).toBe(0);
    expect(await database.read((tx) => lastCseq(tx, coordinator('ann', 'owed')))).toBe(5);
    connected.clear();
    await database.transaction((tx) => outbox.prune(tx, 8 * DAY));
    expect(await clients()).toEqual(['']);
  });

  test('Z-20: are at most 1024: those make room that have nothing to fetch, then the ones seen longest ago, never a connected one', async () => {
    const { database, outbox, clients, connected } = await open();
    connected.add('client 0');
    await database.transaction(async (tx) => {
      await outbox.resume(tx, coordinator('bob', 'of another'), {}, 0);
      for (let n = 0; n < 1024; n += 1) {
        await outbox.resume(tx, coordinator('ann', `client ${n}`), {}, n);
        if (n !== 7) await outbox.send(tx, coordinator('ann', `client ${n}`), {}, { now: 0 });
      }
      await outbox.resume(tx, coordinator('ann', 'first'), {}, 2000);
      await outbox.send(tx, coordinator('ann', 'first'), {}, { now: 0 });
      await outbox.resume(tx, coordinator('ann', 'second'), {}, 2001);
    });
    const left = new Set(await clients());
    expect(left.size).toBe(1025);
    expect(
      ['client 7', 'client 0', 'client 1', 'client 2', 'second'].map((name) => left.has(name)),
    ).toEqual([false, true, false, true, true]);
  });
});
