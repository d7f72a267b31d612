import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CHEAP } from '../../../test/support/passwordCost.ts';
import { auditVerify } from '../src/audit/index.ts';
import type { ServerKeyName } from '../src/auth/index.ts';
import { createKeyFile } from '../src/auth/keyFile.ts';
import type { ServerOptions } from '../src/options.ts';
import type { CoordinatorServer } from '../src/running.ts';
import { createServer } from '../src/server.ts';
import { openDatabase } from '../src/store/sqlite.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { PASSWORD } from './auth/support.ts';

const KEYS: readonly ServerKeyName[] = ['authorisation', 'audit', 'token'];

interface Site {
  readonly data: string;
  readonly file: (name: string) => string;
  readonly open: (options?: Partial<ServerOptions>) => Promise<CoordinatorServer>;
}

function site(): Site {
  const data = join(temporaryDirectory(), 'data');
  return {
    data,
    file: (name) => join(data, 'keys', `${name}.pem`),
    open: async (options = {}) => {
      const server = await createServer({
        dataDirectory: data,
        port: 0,
        passwordCost: CHEAP,
        ...options,
      });
      onTestFinished(() => server.close());
      return server;
    },
  };
}

/** A server that was started once, has an administrator, and stands still. */
async function used(): Promise<Site> {
  const made = site();
  const server = await made.open({ init: true });
  const payload = { token: server.setupToken, username: 'root', password: PASSWORD };
  await server.app.inject({ method: 'POST', url: '/api/v1/setup', payload });
  await server.close();
  return made;
}

async function exportOf(server: CoordinatorServer): Promise<string> {
  const payload = { username: 'root', password: PASSWORD };
  const login = await server.app.inject({ method: 'POST', url: '/api/v1/auth/login', payload });
  const { access_token: token } = login.json<{ access_token: string }>();
  const headers = { authorization: `Bearer ${token}` };
  return (await server.app.inject({ url: '/api/v1/audit/export', headers })).body;
}

const fingerprintOf = (file: string): string =>
  createHash('sha256')
    .update(
      createPublicKey(createPrivateKey(readFileSync(file))).export({ type: 'spki', format: 'der' }),
    )
    .digest('hex');

/** Leaves of a database what a release before the noting of keys had. */
async function forgetKeys({ data }: Site): Promise<void> {
  const database = await openDatabase(join(data, 'quorate.db'));
  await database.transaction(async (tx) => {
    await tx.run('DELETE FROM server_keys', []);
  });
  await database.close();
}

describe('a first start', () => {
  test('Z-12: is asked for: a directory without a database is refused, and nothing is made in it', async () => {
    const { data, open } = site();
    await expect(open()).rejects.toMatchObject({ code: 'server/no-database' });
    await expect(open()).rejects.toThrow(`${data}/quorate.db`);
    await expect(open()).rejects.toThrow('--init');
    expect(existsSync(data)).toBe(false);
  });

  test('Z-12: is refused over a database, whether anybody was set up or not', async () => {
    const { data, open, file } = site();
    await (await open({ init: true })).close();
    const before = readFileSync(file('token'));
    await expect(open({ init: true })).rejects.toMatchObject({ code: 'server/has-database' });
    await expect(open({ init: true })).rejects.toThrow(`${data}/quorate.db`);
    expect(readFileSync(file('token'))).toEqual(before);
    expect((await open()).setupToken).toBeTypeOf('string');
  });

  test('Z-12: an empty file that a cut-off opening left is no database', async () => {
    const { data, open } = site();
    mkdirSync(data, { mode: 0o700 });
    for (const name of ['quorate.db', 'quorate.db.lock']) writeFileSync(join(data, name), '');
    await expect(open()).rejects.toMatchObject({ code: 'server/no-database' });
    expect((await open({ init: true })).setupToken).toBeTypeOf('string');
  });

  test('Z-12: makes every key in the log, and takes key files that are there', async () => {
    const { file, open } = site();
    createKeyFile(file('token'), 'ed25519');
    const token = fingerprintOf(file('token'));
    const server = await open({ init: true });
    const payload = { token: server.setupToken, username: 'root', password: PASSWORD };
    await server.app.inject({ method: 'POST', url: '/api/v1/setup', payload });
    const log = await exportOf(server);
    const entries = log
      .split('\n')
      .filter((line) => line.includes('"action":"key.'))
      .map((line) => (JSON.parse(line) as { entry: Record<string, unknown> }).entry);
    const seen = entries.map(({ action, subject, details }) => [
      action,
      subject,
      (details as Record<string, unknown>)['fingerprint'],
    ]);
    expect(seen).toEqual([
      ['key.make', 'authorisation', fingerprintOf(file('authorisation'))],
      ['key.make', 'audit', fingerprintOf(file('audit'))],
      ['key.note', 'token', token],
    ]);
  });
});

describe('a key that the database knows', () => {
  test.each(KEYS)('Z-12: the %s key is never made anew in silence', async (name) => {
    const { file, open } = await used();
    const fingerprint = fingerprintOf(file(name));
    rmSync(file(name));
    await expect(open()).rejects.toMatchObject({ name: 'KeyFileError' });
    await expect(open()).rejects.toThrow(`${file(name)} is missing`);
    await expect(open()).rejects.toThrow(fingerprint);
    expect(existsSync(file(name))).toBe(false);
  });

  test.each(KEYS)('Z-12: another file than that of the %s key is refused', async (name) => {
    const { file, open } = await used();
    const expected = fingerprintOf(file(name));
    renameSync(file(name), `${file(name)}.old`);
    createKeyFile(file(name), name === 'authorisation' ? 'p256' : 'ed25519');
    const refused = open();
    await expect(refused).rejects.toMatchObject({ name: 'KeyFileError' });
    await expect(refused).rejects.toThrow(`${file(name)} holds a key with fingerprint`);
    await expect(refused).rejects.toThrow(fingerprintOf(file(name)));
    await expect(refused).rejects.toThrow(expected);
    renameSync(`${file(name)}.old`, file(name));
    await open();
  });

  test('Z-12: a database of an older release notes the keys that it finds, and misses none in silence', async () => {
    const there = await used();
    await forgetKeys(there);
    await (await there.open()).close();
    rmSync(there.file('authorisation'));
    await expect(there.open()).rejects.toThrow('--adopt-key authorisation');
    await forgetKeys(there);
    await expect(there.open()).rejects.toThrow(`${there.file('authorisation')} is missing`);
    expect(existsSync(there.file('authorisation'))).toBe(false);
  });
});

describe('a change of a key', () => {
  test('Z-12: is ordered by name, and the log verifies under both audit keys', async () => {
    const { file, open } = await used();
    const former = fingerprintOf(file('audit'));
    const first = await open();
    const before = await exportOf(first);
    await first.close();
    rmSync(file('audit'));
    const server = await open({ adoptKeys: ['audit'] });
    const log = await exportOf(server);
    const verdict = auditVerify(log);
    expect(verdict).toMatchObject({
      ok: true,
      notable: [{ action: 'key.adopt', subject: 'audit' }],
    });
    expect(log).toContain(`"former_fingerprint":"${former}"`);
    // A checkpoint that was noted under the former key still has to be in the log.
    const kept = auditVerify(before);
    if (!kept.ok || kept.lastCheckpoint === undefined) throw new Error('no checkpoint');
    const checkpoint = kept.lastCheckpoint;
    expect(auditVerify(log, { checkpoint })).toMatchObject({ ok: true });
    const forged = { ...checkpoint, hash: '0'.repeat(64) };
    expect(auditVerify(log, { checkpoint: forged })).toMatchObject({ problem: 'wrong-signature' });
    await server.close();
    await open();
  });

  test('Z-12: without another key there is nothing to adopt, so that the order is not left standing', async () => {
    const { open, file } = await used();
    const order = open({ adoptKeys: ['token'] });
    await expect(order).rejects.toThrow('there is no other token key to adopt');
    const secret = join(temporaryDirectory(), 'secret');
    writeFileSync(secret, `${'0123456789abcdef'.repeat(4)}\n`, { mode: 0o600 });
    const tokens = { algorithm: 'HS256', keyFile: secret } as const;
    await expect(open({ tokens, adoptKeys: ['token'] })).rejects.toThrow('shared secret');
    rmSync(file('token'));
    await (await open({ adoptKeys: ['token'] })).close();
    await open();
  });
});
