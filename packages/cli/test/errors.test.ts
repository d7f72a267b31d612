// W-11: every error that was foreseen says what, where and what was expected, and has an exit code of its own.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SecureElementError } from '@quorate/secure-element';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { explain } from '../src/explain.ts';
import { defaultLoginPath } from '../src/remote/session.ts';
import { Cosigners } from './support/cosigners.ts';
import { quorate } from './support/world.ts';

const directory = temporaryDirectory();
const at = (...names: string[]): string => join(directory, ...names);

function file(name: string, content: string, mode = 0o600): string {
  writeFileSync(at(name), content, { mode });
  return at(name);
}

/** The text after `error: `. */
async function said(...args: string[]): Promise<{ exit: number; text: string }> {
  const ran = await quorate(...args);
  const line = ran.stderr.split('\n').find((one) => one.startsWith('error: ')) ?? ran.stderr;
  return { exit: ran.exit, text: line.replace(/^error: /, '') };
}

const INIT = ['--init', '--port', '0'];

describe('a server that cannot start names the file, the key or the address', () => {
  test.each([
    [['--config', 'none.yaml'], 'none.yaml cannot be read: no such file or directory'],
    [['--data', 'file', ...INIT], 'file/quorate.db: not a directory'],
    [['--data', 'junk'], 'junk/quorate.db: file is not a database'],
    [['--tls-cert', 'none.pem', '--tls-key', 'none.pem'], 'none.pem cannot be read: no such file'],
    [['--tls-cert', 'file', '--tls-key', 'file'], 'file: expected a certificate in PEM'],
    [
      ['--data', 'host', '--host', 'nosuch.invalid', '--allow-insecure', ...INIT],
      'nosuch.invalid is not an address of this machine; choose another with --host or listen.host',
    ],
    [
      ['--data', 'address', '--host', '192.0.2.1', '--allow-insecure', ...INIT],
      '192.0.2.1 is not an address of this machine; choose another with --host or listen.host',
    ],
  ])('coordinator %j', async (args, expected) => {
    file('file', 'x');
    mkdirSync(at('junk'), { recursive: true });
    file('junk/quorate.db', 'this is not a database, whatever its name says');
    const before = process.cwd();
    process.chdir(directory);
    try {
      const { exit, text } = await said('coordinator', ...args);
      expect(text).toContain(expected);
      expect(exit).toBe(2);
    } finally {
      process.chdir(before);
    }
  });

  test('coordinator: a key file that others can read, or that holds none', async () => {
    const data = at('keys');
    const start = ['coordinator', '--data', data, '--port', '0'];
    const made = spawn(process.execPath, [QUORATE, ...start, '--init'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(made.stdout, 'data');
    made.kill('SIGTERM');
    await once(made, 'exit');
    const key = join(data, 'keys', 'token.pem');
    execFileSync('chmod', ['644', key]);
    const open = await quorate(...start, '--json');
    expect(open.stderr).toContain(`${key} has mode 644, expected 600`);
    expect(JSON.parse(open.stdout)).toMatchObject({ code: 'config/key-file', exit_code: 2 });
    execFileSync('chmod', ['600', key]);
    writeFileSync(key, 'junk');
    expect((await said(...start)).text).toContain(`${key} holds no PEM private key`);
  });

  test('cosigner: a key file that holds none, a policy and a partner that are missing', async () => {
    const pair = new Cosigners();
    try {
      const config = pair.at('enterprise.yaml');
      expect((await quorate('cosigner', 'init', '--config', config)).exit).toBe(0);
      const partner = await said('cosigner', '--config', config);
      expect(partner.text).toMatch(
        /mobile-app\/public\.json cannot be read .*: no such file or directory/,
      );
      const token = pair.at('enterprise', 'auth.key');
      writeFileSync(token, 'junk');
      const order = ['--name', 'x', '--roles', 'viewer', '--out', at('token')];
      expect(await said('cosigner', 'token', '--config', config, ...order)).toEqual({
        exit: 2,
        text: `${token}: expected a private key in PEM`,
      });
      pair.configure('enterprise', { approval: { policy: 'none.yaml' } });
      expect(await said('cosigner', '--config', config)).toEqual({
        exit: 2,
        text: `policy ${pair.at('none.yaml')}: no such file or directory`,
      });
    } finally {
      await pair.close();
    }
  });

  test('agent: a wrong value has its line, a chip and a certificate authority are named', async () => {
    const home = at('agent');
    const own = ['--directory', home];
    const init = ['--url', 'http://127.0.0.1:1', '--username', 'u', '--approval', 'auto'];
    expect((await quorate('agent', 'init', ...own, ...init)).exit).toBe(0);
    const config = join(home, 'config.yaml');
    const text = readFileSync(config, 'utf8');
    const lines = text.trimEnd().split('\n').length;
    writeFileSync(config, `${text}usrname: v\n`);
    expect(await said('agent', 'status', ...own)).toEqual({
      exit: 2,
      text: `${config}:${lines + 1}: unknown key "usrname"; did you mean username?`,
    });
    writeFileSync(config, `${text}workers: many\n`);
    expect((await said('agent', 'status', ...own)).text).toBe(
      `${config}:${lines + 1}: workers: expected a number`,
    );
    writeFileSync(config, text);
    const run = ['agent', 'run', ...own, '--pin-file', file('pin', '1234')];
    expect(await said(...run)).toEqual({
      exit: 2,
      text: `there is no chip in ${join(home, 'chip.sealed')}`,
    });
  });
});

const QUORATE = fileURLToPath(new URL('../bin/quorate.js', import.meta.url));

describe('a server that does not answer', () => {
  const web = createServer((_, answer) => void answer.end('<html>hello</html>'));
  let url = '';

  beforeAll(async () => {
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  });

  afterAll(() => void web.close());

  test.each(['http://127.0.0.1:1', 'http://localhost:1'])('%s is named once', async (closed) => {
    const refused = { exit: 5, text: `${closed}: connection refused` };
    expect(await said('health', '--url', closed)).toEqual(refused);
    const token = ['--token-file', file('token', 'x')];
    expect(await said('cosign', 'keys', '--url', closed, ...token)).toEqual(refused);
  });

  test('nobody of that name', async () => {
    const nobody = 'http://nosuch.invalid';
    const { exit, text } = await said('health', '--url', nobody);
    expect(text).toMatch(
      /^http:\/\/nosuch\.invalid: (no such host|the host name cannot be looked up now)$/,
    );
    expect(exit).toBe(5);
  });

  test.each([
    [[{ name: 'mobile-app', connected: false }], 'not connected: mobile-app'],
    [[{ name: 'mobile-app', connected: true }], 'no protocol thread can serve'],
  ])('a cosigner that is not ready, with partners %j, says why', async (partners, why) => {
    const body = JSON.stringify({ status: 'not_ready', partners, primes: 0 });
    const cosigner = createServer((_, answer) => void answer.writeHead(503).end(body));
    await new Promise<void>((resolve) => cosigner.listen(0, '127.0.0.1', resolve));
    const at = `http://127.0.0.1:${(cosigner.address() as AddressInfo).port}`;
    const text = `${at}: answered 503: ${why}`;
    expect(await said('health', '--url', at)).toEqual({ exit: 5, text });
    cosigner.close();
  });

  test('what answers everything with a page is taken for no server of ours', async () => {
    expect(await said('health', '--url', url)).toEqual({
      exit: 5,
      text: `${url}: answered, but is not a Quorate server of this version`,
    });
    const secrets = [
      '--setup-token-file',
      file('setup', 'x'),
      '--password-file',
      file('password', 'x'),
    ];
    const setup = await said('users', 'setup', '--url', url, '--username', 'root', ...secrets);
    expect(setup.text).toContain(`unexpected answer from ${url}`);
    expect(setup.exit).toBe(5);
  });
});

describe('a person who is not logged in', () => {
  test('is told which file is missing', async () => {
    const text = `not logged in: there is no login file ${at('nobody')}`;
    expect(await said('keys', 'list', '--login', at('nobody'))).toEqual({ exit: 4, text });
  });

  test('is told that there is no home directory, where there is none', () => {
    const before = process.env['HOME'];
    process.env['HOME'] = '';
    try {
      expect(() => defaultLoginPath({})).toThrow('no home directory for the login file');
    } finally {
      if (before === undefined) delete process.env['HOME'];
      else process.env['HOME'] = before;
    }
  });
});

describe('a wrong command line', () => {
  test.each([
    [['keygen', '--treshold', '2'], 'unknown option --treshold; did you mean --threshold?'],
    [
      ['keygen', '--threshold=2', '--participnts=a'],
      'unknown option --participnts; did you mean --participants?',
    ],
    [['sign', '--display', '--nosuch', '--nothing'], 'unknown option --nothing'],
    [['users', 'setup', '--usernme', 'x'], 'unknown option --usernme; did you mean --username?'],
    [['cosigner', 'token', '--conf', 'x'], 'unknown option --conf'],
    [
      ['coordinator', '--port', '99999'],
      "option '--port <port>' argument '99999' is invalid: expected 0 to 65535",
    ],
  ])('%j', async (args, expected) => {
    const ran = await said(...args);
    expect(ran.text).toContain(expected);
    expect(ran.exit).toBe(2);
  });

  test('an option that stands for a value, or after --, is none', async () => {
    const { text } = await said('users', 'add', 'x', '--role', '--nosuch', '--', '--nothing');
    expect(text).toContain("'--nosuch' is invalid");
  });
});

describe('an error of the operating system', () => {
  const system = (code: string, fields: object): Error =>
    Object.assign(new Error(`${code}: x`), { code, ...fields });

  test.each([
    ['EACCES', { path: '/x/y' }, '/x/y: permission denied', 2],
    ['EPERM', { path: '/x/y' }, '/x/y: not permitted', 2],
    ['ENOSPC', { path: '/x/y' }, '/x/y: no space left on device', 7],
    ['EROFS', { path: '/x/y' }, '/x/y: the file system is read-only', 7],
    ['EMFILE', {}, 'too many open files', 2],
    ['ENOTFOUND', { hostname: 'nosuch' }, 'nosuch: no such host', 5],
    ['ECONNREFUSED', { address: '127.0.0.1', port: 1 }, '127.0.0.1:1: connection refused', 5],
  ])('%s is foreseen', (code, fields, message, exit) => {
    expect(explain(system(code, fields))).toMatchObject({ code, message, exit });
  });

  test('a chip that was named wrongly is a mistake of the command line, one that refuses is not', () => {
    const chip = (code: 'file-missing' | 'pin-wrong'): number =>
      explain(new SecureElementError(code, 'x')).exit;
    expect([chip('file-missing'), chip('pin-wrong')]).toEqual([2, 3]);
  });

  test('what nobody foresaw still says so', () => {
    expect(explain(new TypeError('x'))).toMatchObject({ code: 'unexpected', exit: 1 });
  });
});
