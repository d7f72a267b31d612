// Whoever writes the database file alone has the server sign no other history.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { CHEAP } from '../../../../test/support/passwordCost.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { auditVerify } from '../../src/audit/index.ts';
import { entryHash, GENESIS } from '../../src/audit/entry.ts';
import type { ServerOptions } from '../../src/options.ts';
import type { CoordinatorServer } from '../../src/running.ts';
import { createServer } from '../../src/server.ts';
import type { Tx } from '../../src/store/database.ts';
import { loadDriver } from '../../src/store/driver.ts';
import { openDatabase } from '../../src/store/sqlite.ts';
import { PASSWORD } from '../auth/support.ts';

const ROOT = { username: 'root', password: PASSWORD };

interface Site {
  readonly data: string;
  readonly headFile: string;
  readonly open: (options?: Partial<ServerOptions>) => Promise<CoordinatorServer>;
}

const BASE = { port: 0, passwordCost: CHEAP } as const;

function site(directory = temporaryDirectory()): Site {
  const data = join(directory, 'data');
  const open: Site['open'] = async (options = {}) => {
    const server = await createServer({ ...BASE, dataDirectory: data, ...options });
    onTestFinished(() => server.close());
    await server.listen();
    return server;
  };
  return { data, headFile: join(data, 'keys', 'audit-head.json'), open };
}

let template: Site;
let admin = '';

/** A server with an administrator and some history, that stands still. */
beforeAll(async () => {
  template = site(temporaryDirectory());
  const server = await createServer({ ...BASE, dataDirectory: template.data, init: true });
  await server.listen();
  await post(server, '/setup', { token: server.setupToken, ...ROOT });
  const login = await post(server, '/auth/login', ROOT);
  admin = login.json<{ access_token: string }>().access_token;
  for (const username of ['mallory', 'alice']) {
    await post(server, '/users', { username, roles: ['participant'] });
  }
  await server.close();
});

afterAll(() => rmSync(join(template.data, '..'), { recursive: true }));

/** A copy of it. */
function used(): Site {
  const copy = site();
  cpSync(template.data, copy.data, { recursive: true });
  return copy;
}

const headers = (): Record<string, string> =>
  admin === '' ? {} : { authorization: `Bearer ${admin}` };

const post = (server: CoordinatorServer, path: string, payload: object) =>
  server.app.inject({ method: 'POST', url: `/api/v1${path}`, payload, headers: headers() });

const get = (server: CoordinatorServer, url: string) =>
  server.app.inject({ url, headers: headers() });

/** Has the server write an entry. */
const write = (server: CoordinatorServer) => get(server, '/api/v1/audit/export');

/** Writes the database as another program would. */
async function meddle({ data }: Site, work: (tx: Tx) => Promise<void>): Promise<void> {
  const database = await openDatabase(join(data, 'quorate.db'));
  await database.transaction(work);
  await database.close();
}

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly body: string;
}

/** Leaves entries out and chains the others anew, so that the chain alone shows nothing. */
async function rewrite(tx: Tx, keep: (row: Row) => boolean): Promise<void> {
  const rows = await tx.all<Row>('SELECT seq, at, body FROM audit_entries ORDER BY seq', []);
  await tx.run('DELETE FROM audit_entries', []);
  let previous = GENESIS;
  for (const [index, { at, body }] of rows.filter(keep).entries()) {
    const hash = entryHash(index + 1, at, body, previous);
    const { actor, action, subject, outcome } = JSON.parse(body) as Record<string, string>;
    await tx.run(
      `INSERT INTO audit_entries (seq, at, actor, action, subject, outcome, body, previous, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [index + 1, at, actor!, action!, subject!, outcome!, body, previous, hash],
    );
    previous = hash;
  }
}

const last = async (tx: Tx, table: string): Promise<number> =>
  (await tx.get<{ seq: number }>(`SELECT MAX(seq) AS seq FROM ${table}`))?.seq ?? 0;

/** Attacks by somebody with the file, and the server's words for each. */
const MEDDLING: [string, (tx: Tx) => Promise<unknown>, RegExp][] = [
  [
    'leaves out everything about a person and drops the checkpoints',
    async (tx) => {
      await rewrite(tx, ({ body }) => !body.includes('mallory'));
      await tx.run('DELETE FROM audit_checkpoints', []);
    },
    /^the checkpoint at entry \d+ is not in the database$/,
  ],
  [
    'deletes the tail with its checkpoints',
    async (tx) => {
      const end = (await last(tx, 'audit_entries')) - 3;
      await tx.run('DELETE FROM audit_entries WHERE seq > ?', [end]);
      await tx.run('DELETE FROM audit_checkpoints WHERE seq > ?', [end]);
    },
    /^the checkpoint at entry \d+ is not in the database$/,
  ],
  [
    'deletes the tail and leaves the checkpoints',
    async (tx) => {
      const end = (await last(tx, 'audit_entries')) - 3;
      await tx.run('DELETE FROM audit_entries WHERE seq > ?', [end]);
    },
    /^the log ends at entry \d+, but entry \d+ was written$/,
  ],
  [
    'rewrites the last entry',
    async (tx) => {
      const seq = await last(tx, 'audit_entries');
      await tx.run('UPDATE audit_entries SET hash = ? WHERE seq = ?', ['0'.repeat(64), seq]);
    },
    /^entry \d+ differs from the entry that was written$/,
  ],
  [
    'adds an entry of its own after the server had stopped',
    async (tx) => {
      const seq = (await last(tx, 'audit_entries')) + 1;
      await tx.run(
        `INSERT INTO audit_entries SELECT ?, at, actor, action, subject, outcome, body, hash, ?
         FROM audit_entries WHERE seq = ?`,
        [seq, '0'.repeat(64), seq - 1],
      );
      const row = await tx.get<Row & { previous: string }>(
        'SELECT * FROM audit_entries WHERE seq = ?',
        [seq],
      );
      const hash = entryHash(seq, row!.at, row!.body, row!.previous);
      await tx.run('UPDATE audit_entries SET hash = ? WHERE seq = ?', [hash, seq]);
    },
    /^entry \d+ was written after the server had stopped$/,
  ],
  [
    'empties the log',
    async (tx) => {
      await tx.run('DELETE FROM audit_entries', []);
      await tx.run('DELETE FROM audit_checkpoints', []);
    },
    /^the checkpoint at entry \d+ is not in the database$/,
  ],
];

describe('a log that somebody with the database file changed', () => {
  test.each(MEDDLING)('Z-14: who %s gets no signature for it', async (_, work, reason) => {
    const there = used();
    const headBefore = readFileSync(there.headFile, 'utf8');
    await meddle(there, async (tx) => void (await work(tx)));
    const server = await there.open();
    const ready = await get(server, '/readyz');
    expect(ready.statusCode).toBe(503);
    const { detail } = ready.json<{ detail: string }>();
    expect(detail.replace(/^the audit log is not intact: /, '')).toMatch(reason);
    // An auditor can look and take the log away; nobody can change anything, or begin a session.
    expect((await get(server, '/api/v1/audit/checkpoint')).json()).toMatchObject({
      code: 'audit_broken',
    });
    const exported = await get(server, '/api/v1/audit/export');
    expect(exported.statusCode).toBe(200);
    const before = JSON.parse(headBefore) as {
      public_key: string;
      checkpoint: NonNullable<Parameters<typeof auditVerify>[1]>['checkpoint'];
    };
    const { checkpoint } = before;
    const pinned = { publicKey: before.public_key };
    expect(auditVerify(exported.body, { ...pinned, ...(checkpoint && { checkpoint }) }).ok).toBe(
      false,
    );
    const refused = await post(server, '/users', { username: 'bob', roles: ['admin'] });
    expect(refused.json()).toMatchObject({ status: 503, code: 'audit_broken' });
    await server.close();
    expect(readFileSync(there.headFile, 'utf8')).toBe(headBefore);
  });

  test('Z-14: an entry that is swapped under a running server is noticed at the next one', async () => {
    const there = used();
    const server = await there.open();
    expect((await get(server, '/api/v1/audit/checkpoint')).statusCode).toBe(200);
    await post(server, '/users', { username: 'eve', roles: ['admin'] });
    // Another program on the same file: the lock beside it holds off servers only. The chain it leaves is whole.
    const other = (await loadDriver())(join(there.data, 'quorate.db'), { readOnly: false });
    const row = other
      .prepare('SELECT * FROM audit_entries ORDER BY seq DESC LIMIT 1')
      .get() as Row & { previous: string };
    expect(row.body).toContain('"eve"');
    const body = row.body.replace('"eve"', '"bob"');
    other
      .prepare('UPDATE audit_entries SET body = ?, subject = ?, hash = ? WHERE seq = ?')
      .run(body, 'bob', entryHash(row.seq, row.at, body, row.previous), row.seq);
    other.close();
    await write(server);
    const ready = await get(server, '/readyz');
    expect(ready.statusCode).toBe(503);
    expect(ready.json()).toMatchObject({
      detail: expect.stringMatching(/entry \d+ was written last and is not the last/),
    });
    expect((await get(server, '/api/v1/audit/checkpoint')).json()).toMatchObject({
      code: 'audit_broken',
    });
  });

  test('Z-14: searches cannot be misled by columns that the hash does not cover', async () => {
    const there = used();
    rmSync(there.headFile);
    await meddle(there, async (tx) => {
      const { seq } = (await tx.get<{ seq: number }>(
        "SELECT seq FROM audit_entries WHERE action = 'user.create' ORDER BY seq DESC",
      ))!;
      await tx.run('DELETE FROM audit_checkpoints', []);
      await tx.run("UPDATE audit_entries SET subject = 'nobody' WHERE seq = ?", [seq]);
    });
    const server = await there.open();
    expect((await get(server, '/readyz')).json()).toMatchObject({
      detail: expect.stringMatching(/entry \d+ differs from the entry that was written/),
    });
  });

  test('Z-14: a log is accepted by the operator’s order only, which the log notes, and once', async () => {
    const there = used();
    const [, work] = MEDDLING[2]!;
    await meddle(there, async (tx) => void (await work(tx)));
    const server = await there.open({ adoptLog: true });
    expect((await get(server, '/readyz')).statusCode).toBe(200);
    const { body } = await get(server, '/api/v1/audit/export');
    expect(auditVerify(body)).toMatchObject({ ok: true, notable: [{ action: 'audit.adopt' }] });
    expect(body).toContain('"reason":"the log ends at entry');
    await server.close();
    await expect(there.open({ adoptLog: true })).rejects.toMatchObject({
      code: 'server/nothing-to-adopt',
    });
    expect((await get(await there.open(), '/readyz')).statusCode).toBe(200);
  });
});

describe('the last checkpoint outside of the database', () => {
  test('Z-14: is written with each one, private, and goes on over stops, kills and restarts', async () => {
    const there = used();
    const head = (): { checkpoint: { seq: number } } =>
      JSON.parse(readFileSync(there.headFile, 'utf8')) as { checkpoint: { seq: number } };
    const first = head().checkpoint.seq;
    const killed = await there.open();
    await get(killed, '/api/v1/audit/checkpoint');
    expect(head().checkpoint.seq).toBeGreaterThan(first);
    await write(killed);
    // A process killed now leaves exactly the files on the disk.
    const copy = site();
    cpSync(there.data, copy.data, { recursive: true });
    const again = await copy.open();
    expect((await get(again, '/readyz')).statusCode).toBe(200);
    const actions = (await get(again, '/api/v1/audit?limit=200')).json<{
      entries: { action: string }[];
    }>();
    const lives = actions.entries
      .map(({ action }) => action)
      .filter((action) => action.startsWith('server.'));
    expect(lives).toEqual(['server.start', 'server.start', 'server.stop', 'server.start']);
  });

  test('Z-14: a release that kept none is taken over, from the last checkpoint that the key signed', async () => {
    const there = used();
    rmSync(there.headFile);
    const server = await there.open();
    expect((await get(server, '/readyz')).json()).toMatchObject({ status: 'ok' });
    await get(server, '/api/v1/audit/checkpoint');
    expect(existsSync(there.headFile)).toBe(true);
  });

  test('Z-14: without one a checkpoint of another key is not believed', async () => {
    const there = used();
    rmSync(there.headFile);
    await meddle(there, async (tx) => {
      const signature = Buffer.alloc(64, 7).toString('base64');
      await tx.run('UPDATE audit_checkpoints SET signature = ?', [signature]);
    });
    const server = await there.open();
    expect((await get(server, '/readyz')).json()).toMatchObject({
      detail: expect.stringMatching(/is not signed by the audit key/),
    });
  });

  test.each([
    ['garbage', 'garbage'],
    ['an unsigned one', undefined],
  ])('Z-14: %s in its place is noticed', async (_, content) => {
    const there = used();
    const head = readFileSync(there.headFile, 'utf8');
    writeFileSync(there.headFile, content ?? head.replace(/"seq":\d+/, '"seq":1'));
    const server = await there.open();
    expect((await get(server, '/readyz')).json()).toMatchObject({
      detail: `the audit log is not intact: ${there.headFile} is not a signed checkpoint`,
    });
  });

  test('Z-14: beside it no other log is begun', async () => {
    const there = used();
    rmSync(join(there.data, 'quorate.db'));
    await expect(there.open({ init: true })).rejects.toMatchObject({
      code: 'server/has-database',
      message: expect.stringContaining(there.headFile),
    });
  });

  test('Z-14: one that cannot be written is told as a warning, and written when it can be', async () => {
    const there = used();
    const blocked = `${there.headFile}.tmp`;
    mkdirSync(blocked);
    const server = await there.open();
    const checkpoint = await get(server, '/api/v1/audit/checkpoint');
    expect(checkpoint.statusCode).toBe(200);
    expect((await get(server, '/readyz')).json()).toMatchObject({
      status: 'ok',
      warnings: ['the last checkpoint of the audit log is not kept outside the database'],
    });
    rmSync(blocked, { recursive: true });
    await get(server, '/api/v1/audit/checkpoint');
    expect((await get(server, '/readyz')).json()).not.toHaveProperty('warnings');
    const kept = JSON.parse(readFileSync(there.headFile, 'utf8')) as { checkpoint: object };
    expect(checkpoint.json()).toMatchObject(kept.checkpoint);
    expect(statSync(there.headFile).mode & 0o777).toBe(0o600);
  });
});
