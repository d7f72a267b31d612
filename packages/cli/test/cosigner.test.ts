// `quorate cosigner`: what is made, and what keeps a server from starting: told by key or file, nothing lost.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createCosigner, loadCosignerConfig } from '@quorate/cosigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cosigners, lastOf, SIDES } from './support/cosigners.ts';
import { quorate, type Ran } from './support/world.ts';

let both: Cosigners;
let made: Ran[];

beforeAll(async () => {
  both = new Cosigners();
  made = await Promise.all(
    SIDES.map((side) => quorate('cosigner', 'init', '--config', both.at(`${side}.yaml`), '--json')),
  );
});

afterAll(() => both.close());

const config = (): string[] => ['--config', both.at('enterprise.yaml')];

/** Name and content of every file below a directory, the chip's counters aside. */
function contentOf(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    files
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      // Every first opening writes these: the chip's and the stock's counts, the end of an empty history.
      .filter((path) => !/(chip\.sealed|primes\.count|pin\.refused|moduli\.end)$/.test(path))
      .map((path) => [path, createHash('sha256').update(readFileSync(path)).digest('hex')]),
  );
}

describe('quorate cosigner init', () => {
  test('makes a store that is private, says its fingerprint, and that the chip is software', () => {
    for (const [at, side] of SIDES.entries()) {
      const ran = made[at];
      expect(ran?.exit, ran?.stderr).toBe(0);
      expect(ran && lastOf(ran)).toEqual({
        event: 'result',
        store: both.at(side),
        exported: both.at(side, 'public.json'),
        fingerprint: expect.stringMatching(/^([0-9a-f]{4}-){7}[0-9a-f]{4}$/) as string,
        puk: false,
        approval: side === 'enterprise' ? 'auto' : 'prompt',
      });
      expect(ran?.stderr).toContain('this chip is software');
      // Y-11: a side on which nobody looks at what its partner asks for is made with a warning.
      const warned = ran?.stderr.includes('whoever controls the partner’s host can sign');
      expect(warned).toBe(side === 'enterprise');
      expect(ran?.stderr).toContain('this chip has no PUK');
      expect(statSync(both.at(side)).mode & 0o777).toBe(0o700);
      for (const path of Object.keys(contentOf(both.at(side)))) {
        expect(statSync(path).mode & 0o077, path).toBe(0);
      }
    }
  });

  test('a second time ends with 2 and leaves everything as it is', async () => {
    const before = contentOf(both.at('enterprise'));
    const again = await quorate('cosigner', 'init', ...config(), '--json');
    expect(again.exit).toBe(2);
    expect(lastOf(again)).toMatchObject({ event: 'error', code: 'store/exists', exit_code: 2 });
    expect(contentOf(both.at('enterprise'))).toEqual(before);
  });
});

describe('quorate cosigner token', () => {
  const token = (roles: string, out: string, ...more: string[]): Promise<Ran> =>
    quorate(
      'cosigner',
      'token',
      ...config(),
      '--name',
      'me',
      '--roles',
      roles,
      '--out',
      out,
      ...more,
    );

  test('1.9.13 writes a private file, says whom it is for, and replaces nothing', async () => {
    const out = both.at('token');
    const ran = await token('signer, viewer', out, '--days', '2', '--json');
    expect(ran.exit, ran.stderr).toBe(0);
    expect(lastOf(ran)).toEqual({
      event: 'result',
      file: out,
      name: 'me',
      roles: ['signer', 'viewer'],
      days: 2,
      audience: expect.stringMatching(/^enterprise\/[0-9a-f]{32}$/) as string,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const before = readFileSync(out, 'utf8');
    expect(ran.stdout + ran.stderr).not.toContain(before.trim());
    expect((await token('viewer', out)).exit).toBe(2);
    expect(readFileSync(out, 'utf8')).toBe(before);
  });

  test.each([
    ['a role that nobody knows', 'admin', 'new', []],
    ['no role', '', 'new', []],
    ['too many days', 'viewer', 'new', ['--days', '4000']],
    ['a directory that is not there', 'viewer', 'none/new', []],
  ])('with %s ends with 2 and writes nothing', async (_, roles, file, more) => {
    const ran = await token(roles, both.at(file), ...more);
    expect(ran.exit, ran.stderr).toBe(2);
    expect(existsSync(both.at(file))).toBe(false);
    expect(existsSync(both.at('none'))).toBe(false);
  });
});

describe('quorate cosigner tokens', () => {
  const tokens = (...args: string[]): Promise<Ran> =>
    quorate('cosigner', 'tokens', ...args, ...config());

  test('Z-19: revoke takes an id, a token or a name, and list says what is withdrawn', async () => {
    const out = both.at('withdrawn.token');
    const made = ['token', ...config(), '--name', 'me', '--roles', 'viewer', '--out', out];
    const jti = String(lastOf(await quorate('cosigner', ...made, '--json'))['jti']);
    expect((await tokens('revoke', '--token-file', out)).stdout).toBe(`withdrew token ${jti}\n`);
    expect((await tokens('revoke', '--jti', 'another')).exit).toBe(0);
    const name = await tokens('revoke', '--name', 'olivia');
    expect(name.stdout).toBe('withdrew every token of olivia made so far\n');
    const { withdrawn } = lastOf(await tokens('list', '--json'));
    expect(withdrawn).toHaveLength(3);
    expect((await tokens('list')).stdout).toContain(`token ${jti}`);
  });

  test.each([
    ['nothing', []],
    ['two at once', ['--jti', 'x', '--name', 'y']],
    ['a file without a token', ['--token-file', 'enterprise.yaml']],
  ])('Z-19: revoke of %s ends with 2', async (_, args) => {
    const given = args.map((arg) => (arg.endsWith('.yaml') ? both.at(arg) : arg));
    expect((await tokens('revoke', ...given)).exit).toBe(2);
  });
});

describe('quorate cosigner pin', () => {
  test('takes a file whose fingerprint was told, and no other', async () => {
    both.configure('enterprise', { partner_keys: {} });
    const file = both.at('mobile-app/public.json');
    const pin = (partner: string, name: string, told: string): Promise<Ran> =>
      quorate('cosigner', 'pin', partner, name, '--fingerprint', told, ...config());
    const told = String(made[1] && lastOf(made[1])['fingerprint']);
    const other = String(made[0] && lastOf(made[0])['fingerprint']);
    expect((await pin('mobile-app', file, other)).stderr).toContain('not that one');
    expect((await pin('nobody', file, told)).stderr).toContain('nobody is not among partners');
    const missing = await pin('mobile-app', both.at('none.json'), told);
    expect(missing.exit).toBe(2);
    expect(missing.stderr).not.toContain('ENOENT');
    expect(existsSync(both.at('enterprise/partners/mobile-app.json'))).toBe(false);
    const right = await pin('mobile-app', file, told.toUpperCase());
    expect(right.exit, right.stderr).toBe(0);
    expect(existsSync(both.at('enterprise/partners/mobile-app.json'))).toBe(true);
    both.configure('enterprise');
  });
});

/** A server that must not start: its exit code, its sentence, its store as it was. */
async function refused(...told: string[]): Promise<Ran> {
  const before = contentOf(both.at('enterprise'));
  const ran = await quorate('cosigner', ...config(), '--json');
  expect(ran.exit, ran.stderr).toBe(2);
  expect(lastOf(ran)).toMatchObject({ event: 'error', exit_code: 2 });
  for (const text of told) expect(ran.stderr).toContain(text);
  expect(ran.stderr).not.toMatch(/\bE[A-Z]{4,}\b|listen E|Invalid input|\bat .+:\d+:\d+/);
  expect(contentOf(both.at('enterprise'))).toEqual(before);
  return ran;
}

/** Changes a file of the store, and puts it back afterwards. */
async function withFile(name: string, content: string, use: () => Promise<unknown>): Promise<void> {
  const file = both.at('enterprise', name);
  const before = readFileSync(file);
  writeFileSync(file, content);
  try {
    await use();
  } finally {
    writeFileSync(file, before);
  }
}

describe('quorate cosigner does not start', () => {
  test('without a configuration, or with an option that nobody knows', async () => {
    for (const args of [[], [...config(), '--log-level', 'loud'], [...config(), '--prot', '1']]) {
      expect((await quorate('cosigner', ...args)).exit, args.join(' ')).toBe(2);
    }
  });

  test('on a port that another program has: named with the key that changes it', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const file = both.configure('enterprise', { listen: { host: '127.0.0.1', port } });
    try {
      const ran = await refused(
        `port ${port} is in use; choose another in ${file}, key listen.port`,
      );
      expect(lastOf(ran)).toMatchObject({ code: 'port_in_use' });
    } finally {
      taken.close();
      both.configure('enterprise');
    }
  });

  test('on an address of another machine', async () => {
    const listen = { host: '192.0.2.7', port: 0 };
    const file = both.configure('enterprise', { listen, allow_insecure: true });
    await refused(
      `192.0.2.7 is not an address of this machine; choose another in ${file}, key listen.host`,
    );
    both.configure('enterprise');
  });

  test.each([
    [{ aproval: 'auto' }, 'unknown key "aproval"; did you mean approval?'],
    [{ listen: 3 }, 'listen: expected an object'],
    [{ listen: { host: '127.0.0.1' } }, 'listen.port: is missing; expected a number'],
    [{ partners: 'mobile-app' }, 'partners: expected a list'],
    [{ primes: { ready: 'many' } }, 'primes.ready: expected a number'],
    [{ capabilities: ['keygn'] }, 'capabilities.0: expected keygen or sign'],
    // what nobody can dial is named before anything is opened.
    [{ peer: 'ws://[' }, 'peer: expected ws:// or wss:// and a host'],
    [
      { tls: { ca_file: 'enterprise.yaml' } },
      'tls.ca_file: expected a certificate in enterprise.yaml',
    ],
    [{ deadlines: { step: 0 } }, 'deadlines.step: expected at least 0.1'],
    [{ tls: { certificate_file: 'x' } }, 'certificate_file and key_file go together'],
    [{ approval: { policy: 'none.yaml' } }, 'none.yaml: no such file or directory'],
    [{ partner_keys: { 'mobile-app': 'none.json' } }, 'none.json cannot be read'],
    [{ store: 'mobile-app' }, 'belongs to mobile-app'],
    [{ store: 'none' }, 'run quorate cosigner init first'],
  ])('with the configuration %j', async (settings, sentence) => {
    both.configure('enterprise', settings);
    await refused(sentence);
    expect(existsSync(both.at('none'))).toBe(false);
    both.configure('enterprise');
  });

  test('with a mistake in the file, which is told with its line', async () => {
    const file = both.configure('enterprise');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"paillier_bits"', '"paillier_bit"'));
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .findIndex((text) => text.includes('bit"'));
    await refused(`${file}:${line + 1}: unknown key "paillier_bit"; did you mean paillier_bits?`);
    both.configure('enterprise');
  });

  test('with a store of a newer version', async () => {
    const newer = readFileSync(both.at('enterprise/store.json'), 'utf8').replace(
      /"version":\d+/,
      '"version":9',
    );
    expect(newer).toContain('"version":9');
    await withFile('store.json', newer, () => refused('version 9', 'use the newer program'));
  });

  test('with a wrong passphrase, however often, and starts with the right one', async () => {
    await withFile('chip-passphrase', 'wrong\n', async () => {
      for (let time = 0; time < 4; time += 1)
        await refused('chip-passphrase is not the passphrase of');
    });
    const file = both.at('enterprise/chip-passphrase');
    chmodSync(file, 0o644);
    await refused('chmod 600');
    chmodSync(file, 0o600);
    await starts();
  });

  test('with a wrong PIN, which costs one try however often it is started', async () => {
    await withFile('pin', '00000000\n', async () => {
      await refused('is not the PIN of', 'tries left: 2');
      for (let time = 0; time < 4; time += 1)
        await refused('is not tried again until it is changed');
    });
    await withFile('pin', '12\n', () => refused('a PIN has 4 to 16 bytes'));
    await starts();
    await withFile('pin', '00000000\n', () => refused('tries left: 2'));
    await starts();
  });

  test('with a store that another process has open', async () => {
    const cosigner = await createCosigner(loadCosignerConfig(both.at('enterprise.yaml')));
    try {
      const ran = await quorate('cosigner', ...config(), '--json');
      expect(ran.exit, ran.stderr).toBe(2);
      expect(lastOf(ran)).toMatchObject({ code: 'store/locked' });
    } finally {
      await cosigner.close();
    }
  });
});

/** The store opens: nothing of it was lost. */
async function starts(): Promise<void> {
  const cosigner = await createCosigner(loadCosignerConfig(both.at('enterprise.yaml')));
  await cosigner.close();
  rmSync(both.at('enterprise/lock'), { force: true });
}
