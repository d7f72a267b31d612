// The operator's commands against a real coordinator in this process.
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CoordinatorServer, createServer } from '@quorate/coordinator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHEAP } from '../../../test/support/passwordCost.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { quorate, type Ran } from './support/world.ts';

const PASSWORD = 'correct horse battery staple';

let directory = '';
let server: CoordinatorServer;
let authority = '';
let rosterKey = '';

const at = (...names: string[]): string => join(directory, ...names);
const modeOf = (path: string): number => statSync(path).mode & 0o777;

function secret(name: string, content: string): string {
  writeFileSync(at(name), `${content}\n`, { mode: 0o600 });
  chmodSync(at(name), 0o600);
  return at(name);
}

/** Runs a command that must work, and gives its result. */
async function done(...args: string[]): Promise<Record<string, unknown>> {
  const ran = await quorate(...args, '--json');
  expect(ran.exit, `${args.join(' ')}\n${ran.stdout}${ran.stderr}`).toBe(0);
  return JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

const as = (who: string): string[] => ['--login', at(`${who}.login`)];

function logIn(who: string): Promise<Record<string, unknown>> {
  const url = ['--url', server.url, '--username', who];
  return done('users', 'login', ...url, '--password-file', at('password'), ...as(who));
}

beforeAll(async () => {
  directory = temporaryDirectory();
  server = await createServer({
    dataDirectory: at('data'),
    init: true,
    port: 0,
    passwordCost: CHEAP,
  });
  await server.listen();
  secret('password', PASSWORD);
  const setup = ['--url', server.url, '--username', 'root', '--password-file', at('password')];
  const token = secret('setup-token', server.setupToken ?? '');
  await done('users', 'setup', ...setup, '--setup-token-file', token);
  await logIn('root');
  for (const [name, role] of [
    ['alice', 'participant'],
    ['treasurer', 'coordinator'],
  ] as const) {
    await done(
      'users',
      'add',
      name,
      '--role',
      role,
      '--password-file',
      at('password'),
      ...as('root'),
    );
    await logIn(name);
  }
  authority = String((await done('chips', 'authority', ...as('root')))['fingerprint']);
  rosterKey = String((await done('roster', 'key', '--out', at('roster-key')))['public_key']);
});

afterAll(async () => {
  await server?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('logins', () => {
  test('1.9.13 the login, a token and the roster key are files of mode 0600', async () => {
    await done('users', 'token', 'alice', '--out', at('alice.token'), ...as('root'));
    for (const name of ['root.login', 'alice.token', 'roster-key']) {
      expect(modeOf(at(name))).toBe(0o600);
    }
  });

  test('1.9.12 the setup token is good once', async () => {
    const more = ['--url', server.url, '--username', 'other', '--password-file', at('password')];
    const ran = await quorate('users', 'setup', ...more, '--setup-token-file', at('setup-token'));
    expect(ran.exit).not.toBe(0);
  });

  test('a wrong password and an unknown user end with 4 and the same words', async () => {
    const wrong = secret('wrong', 'not the password at all');
    const attempt = (username: string): Promise<Ran> =>
      quorate(
        'users',
        'login',
        '--url',
        server.url,
        '--username',
        username,
        '--password-file',
        wrong,
        '--login',
        at('none'),
      );
    const [known, unknown] = [await attempt('alice'), await attempt('nobody')];
    expect([known.exit, unknown.exit]).toEqual([4, 4]);
    expect(known.stderr).toBe(unknown.stderr);
    expect(known.stderr).not.toContain('log in');
    expect(existsSync(at('none'))).toBe(false);
  });

  test('a password file that is missing is called so, not by the question', async () => {
    const missing = ['--url', server.url, '--username', 'alice', '--password-file', at('missing')];
    const { stderr } = await quorate('users', 'login', ...missing);
    expect(stderr).toMatch(/error: password file \S+missing cannot be read/);
  });

  test('an access token that is about to expire is renewed and kept', async () => {
    const before = JSON.parse(readFileSync(at('treasurer.login'), 'utf8')) as object;
    writeFileSync(at('treasurer.login'), JSON.stringify({ ...before, expires_at: Date.now() }));
    await done('keys', 'list', ...as('treasurer'));
    const after = JSON.parse(readFileSync(at('treasurer.login'), 'utf8')) as object;
    expect(after).not.toEqual(before);
    expect(modeOf(at('treasurer.login'))).toBe(0o600);
  });

  test('Z-20: processes that renew one login at the same time do so once, and all go on', async () => {
    await logIn('treasurer');
    const before = JSON.parse(readFileSync(at('treasurer.login'), 'utf8')) as object;
    writeFileSync(at('treasurer.login'), JSON.stringify({ ...before, expires_at: Date.now() }));
    await Promise.all(Array.from({ length: 4 }, () => done('keys', 'list', ...as('treasurer'))));
    const { logins } = await done('users', 'logins', ...as('treasurer'));
    expect((logins as object[])[0]).not.toHaveProperty('ended');
    expect(existsSync(at('treasurer.login.lock'))).toBe(false);
  });

  test('after logout neither token works', async () => {
    await logIn('treasurer');
    const kept = readFileSync(at('treasurer.login'), 'utf8');
    await done('users', 'logout', ...as('treasurer'));
    expect(existsSync(at('treasurer.login'))).toBe(false);
    const again = secret('treasurer.login', kept.trim());
    expect((await quorate('keys', 'list', '--login', again)).exit).toBe(4);
    const stale = JSON.stringify({ ...(JSON.parse(kept) as object), expires_at: 0 });
    secret('treasurer.login', stale);
    expect((await quorate('keys', 'list', '--login', again)).exit).toBe(4);
    await logIn('treasurer');
  });

  test('Y-8: logins and tokens are listed, ended and withdrawn by their ids', async () => {
    await logIn('treasurer');
    const list = async () =>
      (await done('users', 'logins', 'treasurer', ...as('root')))['logins'] as {
        login_id: string;
        ended?: string;
      }[];
    expect(await done('users', 'logins', ...as('treasurer'))).toEqual({
      event: 'result',
      username: 'treasurer',
      logins: await list(),
    });
    const [newest] = await list();
    await done('users', 'logins', 'treasurer', '--end', newest?.login_id ?? '', ...as('root'));
    expect((await list())[0]).toMatchObject({ ended: 'withdrawn' });
    expect((await quorate('keys', 'list', ...as('treasurer'))).exit).toBe(4);
    await logIn('treasurer');
    const file = at('treasurer.token');
    const made = await done('users', 'token', 'treasurer', '--out', file, ...as('root'));
    const id = String(made['token_id']);
    const wrong = await quorate('users', 'tokens', 'alice', '--withdraw', id, ...as('root'));
    expect([wrong.exit, wrong.stderr]).toEqual([3, expect.stringContaining('no such token')]);
    await done('users', 'tokens', 'treasurer', '--withdraw', id, ...as('root'));
    const { tokens } = await done('users', 'tokens', 'treasurer', ...as('root'));
    expect(tokens).toMatchObject([{ token_id: id, withdrawn_at: expect.any(Number) }]);
    expect(await done('users', 'connections', ...as('root'))).toEqual({
      event: 'result',
      connections: [],
    });
    const odd = await quorate('users', 'logins', '--end', '../users', ...as('root'));
    expect(odd.exit).toBe(2);
  });

  test('Y-9: a new login shows the device by the one that the file held before', async () => {
    await logIn('treasurer');
    const wrong = secret('wrong', 'not the password at all');
    const other = ['--url', server.url, '--username', 'treasurer', '--login', at('none')];
    for (let guess = 0; guess < 5; guess += 1) {
      await quorate('users', 'login', ...other, '--password-file', wrong);
    }
    const elsewhere = await quorate('users', 'login', ...other, '--password-file', at('password'));
    expect(elsewhere.exit).not.toBe(0);
    await logIn('treasurer');
  });

  test('1.9.2 a participant cannot add users or read the log', async () => {
    const add = await quorate(
      'users',
      'add',
      'eve',
      '--role',
      'admin',
      '--no-password',
      ...as('alice'),
    );
    expect(add.exit).toBe(4);
    expect((await quorate('audit', 'show', ...as('alice'))).exit).toBe(4);
  });
});

describe('a participant’s chip', () => {
  test('is not made when the authority is not the one that was told', async () => {
    await done(
      'agent',
      'init',
      '--directory',
      at('alice'),
      '--url',
      server.url,
      '--username',
      'alice',
      '--roster-key',
      rosterKey,
      '--approval',
      'auto',
    );
    secret('pin', '482915');
    const other = `${authority.startsWith('0000') ? '1111' : '0000'}${authority.slice(4)}`;
    const init = ['chips', 'init', '--directory', at('alice'), '--pin-file', at('pin')];
    const ran = await quorate(...init, '--authority', other, ...as('alice'));
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain(authority);
    expect(existsSync(at('alice', 'chip.sealed'))).toBe(false);
  });

  test('is made, registered, listed, and its PIN can be changed', async () => {
    const chip = ['--directory', at('alice'), '--pin-file', at('pin')];
    const init = ['chips', 'init', ...chip, '--authority', authority.toUpperCase()];
    await done(...init, '--puk-out', at('puk'), ...as('alice'));
    await done('chips', 'register', ...chip, '--se-id', 'chip-a', ...as('alice'));
    const { chips } = await done('chips', 'list', ...as('root'));
    expect(chips).toMatchObject([{ se_id: 'chip-a', username: 'alice', state: 'active' }]);
    await done('chips', 'pin', ...chip, '--new-pin-file', secret('new-pin', '7391'));
    const wrong = await quorate('chips', 'register', ...chip, '--se-id', 'chip-b', ...as('alice'));
    expect(wrong.exit).toBe(3);
    expect(wrong.stderr).toContain('the PIN is wrong: 2 tries left');
    for (const name of ['chip.sealed', 'chip-passphrase', 'local.key', 'config.yaml']) {
      expect(modeOf(at('alice', name)), name).toBe(0o600);
    }
  });

  test('agent init never overwrites an agent', async () => {
    const before = readFileSync(at('alice', 'local.key'));
    const ran = await quorate(
      'agent',
      'init',
      '--directory',
      at('alice'),
      '--url',
      server.url,
      '--username',
      'alice',
    );
    expect(ran.exit).toBe(2);
    expect(readFileSync(at('alice', 'local.key'))).toEqual(before);
  });
});

describe('rosters', () => {
  test('R-15 a roster of another key or an older serial is refused by the agent', async () => {
    await draft(2);
    await signed('roster-key', 'roster-2');
    await done('roster', 'key', '--out', at('other-key'));
    await signed('other-key', 'forged');
    expect((await load('forged')).exit).toBe(6);
    expect((await load('roster-2')).exit).toBe(0);
    await draft(1);
    await signed('roster-key', 'roster-1');
    expect((await load('roster-1')).exit).toBe(2);
    const { roster_serial: serial } = await done('agent', 'status', '--directory', at('alice'));
    expect(serial).toBe(2);
  });

  test('a roster that its key did not sign ends with 6, a changed one too', async () => {
    const show = (file: string): Promise<Ran> =>
      quorate('roster', 'show', at(file), '--public-key', rosterKey);
    expect((await show('roster-2')).exit).toBe(0);
    expect((await show('forged')).exit).toBe(6);
    const changed = readFileSync(at('roster-2'), 'utf8').replace('"alice"', '"alicf"');
    writeFileSync(at('changed'), changed);
    expect((await show('changed')).exit).toBe(6);
  });

  test('a signing key is never overwritten', async () => {
    const before = readFileSync(at('roster-key'), 'utf8');
    expect((await quorate('roster', 'key', '--out', at('roster-key'))).exit).toBe(2);
    expect(readFileSync(at('roster-key'), 'utf8')).toBe(before);
  });

  const draft = (serial: number): Promise<unknown> =>
    done('roster', 'create', '--serial', String(serial), '--out', at('draft'), ...as('root'));
  const signed = (key: string, out: string): Promise<unknown> =>
    done('roster', 'sign', at('draft'), '--key', at(key), '--out', at(out));
  const load = (file: string): Promise<Ran> =>
    quorate('agent', 'roster', 'import', at(file), '--directory', at('alice'), '--yes');
});

describe('the audit log', () => {
  test('an export verifies, an altered one ends with 6 and names the entry', async () => {
    const { public_key: key } = await done(
      'audit',
      'checkpoint',
      '--out',
      at('head'),
      ...as('root'),
    );
    await done('audit', 'export', '--out', at('log'), ...as('root'));
    const check = (file: string, ...more: string[]): Promise<Ran> =>
      quorate('audit', 'verify', at(file), '--public-key', String(key), ...more);
    expect((await check('log', '--checkpoint', at('head'))).exit).toBe(0);
    writeFileSync(at('altered'), readFileSync(at('log'), 'utf8').replace('"alice"', '"alicf"'));
    const altered = await check('altered');
    expect(altered.exit).toBe(6);
    expect(altered.stderr).toMatch(/entry \d+/);
    const lines = readFileSync(at('log'), 'utf8').split('\n');
    writeFileSync(at('short'), [...lines.slice(0, 2), ...lines.slice(3)].join('\n'));
    expect((await check('short')).exit).toBe(6);
    const other = await quorate('audit', 'verify', at('log'), '--public-key', '00'.repeat(32));
    expect(other.exit).toBe(6);
  });

  test('without a key that was noted before, the person is warned', async () => {
    const ran = await quorate('audit', 'verify', at('log'));
    expect(ran.exit).toBe(0);
    expect(ran.stderr).toContain('the key came with the export');
  });
});

describe('refused requests', () => {
  test('text of a server reaches the terminal escaped', async () => {
    const ran = await quorate('sessions', 'show', 'no-such-session', ...as('treasurer'));
    expect(ran.exit).toBe(3);
    expect(ran.stderr.split('\n')[0]).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('keygen with somebody who has no chip ends with 3 and says who', async () => {
    const people = ['--threshold', '2', '--participants', 'alice,root'];
    const ran = await quorate('keygen', ...people, '--json', ...as('treasurer'));
    expect(ran.exit).toBe(3);
    const last = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    expect(last).toMatchObject({ event: 'error', exit_code: 3 });
    expect(String(last['message'])).toContain('root');
  });
});
