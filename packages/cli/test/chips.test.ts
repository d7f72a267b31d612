// The commands about chips against a real coordinator in this process; chips are virtual ones on disk.
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SOFTWARE_CHIP } from '@quorate/agent';
import { type CoordinatorServer, createServer } from '@quorate/coordinator';
import { createVirtualChip } from '@quorate/secure-element';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quorate, type Ran } from './support/world.ts';

const PASSWORD = 'correct horse battery staple';

let directory = '';
let server: CoordinatorServer;
let authority = '';

const at = (...names: string[]): string => join(directory, ...names);

/** A chip's file and passphrase that cost little to open; what the commands make costs more. */
async function cheapChip(file: string, passphraseFile: string): Promise<void> {
  const passphrase = Buffer.from('a passphrase of a test');
  await (await createVirtualChip({ file, passphrase, scryptCost: 1024 })).close();
  writeFileSync(passphraseFile, passphrase, { mode: 0o600 });
}

function secret(name: string, content: string): string {
  writeFileSync(at(name), `${content}\n`, { mode: 0o600 });
  chmodSync(at(name), 0o600);
  return at(name);
}

/** Runs a command and gives its last line of JSON. */
async function ran(...args: string[]): Promise<{ exit: number; last: Record<string, unknown> }> {
  const { exit, stdout, stderr } = await quorate(...args, '--json');
  const last: unknown = JSON.parse(
    stdout.trim().split('\n').at(-1) || `{"none":${JSON.stringify(stderr)}}`,
  );
  return { exit, last: { ...Object(last) } };
}

/** Runs a command that must work. */
async function done(...args: string[]): Promise<Record<string, unknown>> {
  const { exit, last } = await ran(...args);
  expect(exit, `${args.join(' ')}\n${JSON.stringify(last)}`).toBe(0);
  return last;
}

const as = (who: string): string[] => ['--login', at(`${who}.login`)];
const chip = (): string[] => ['--directory', at('alice'), '--pin-file', at('pin')];
const second = (): string[] => ['--chip', at('second.yaml')];

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Runs the self-check; gives the names of the checks that failed, with what they found. */
async function selfCheck(
  ...args: string[]
): Promise<{ exit: number; failed: Record<string, string> }> {
  const { exit, last } = await ran(
    'chips',
    'test',
    '--directory',
    at('alice'),
    ...args,
    ...as('alice'),
  );
  const checks = last['checks'] as readonly Check[];
  expect(checks.length).toBeGreaterThan(3);
  const failed = checks.filter(({ ok }) => !ok).map(({ name, detail }) => [name, detail]);
  return { exit, failed: Object.fromEntries(failed) };
}

async function rosterOf(serial: number): Promise<void> {
  const draft = ['--serial', String(serial), '--out', at(`draft-${serial}`), ...as('root')];
  await done('roster', 'create', ...draft);
  const out = at(`roster-${serial}`);
  await done('roster', 'sign', at(`draft-${serial}`), '--key', at('roster-key'), '--out', out);
}

const importRoster = (serial: number): Promise<Ran> =>
  quorate('agent', 'roster', 'import', at(`roster-${serial}`), '--directory', at('alice'), '--yes');

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-chips-'));
  server = await createServer({ dataDirectory: at('data'), init: true, port: 0 });
  await server.listen();
  const password = ['--password-file', secret('password', PASSWORD)];
  const token = secret('setup-token', server.setupToken ?? '');
  const to = ['--url', server.url];
  await done(
    'users',
    'setup',
    ...to,
    '--username',
    'root',
    ...password,
    '--setup-token-file',
    token,
  );
  await done('users', 'login', ...to, '--username', 'root', ...password, ...as('root'));
  await done('users', 'add', 'alice', '--role', 'participant', ...password, ...as('root'));
  await done('users', 'login', ...to, '--username', 'alice', ...password, ...as('alice'));
  authority = String((await done('chips', 'authority', ...as('root')))['fingerprint']);
  const key = String((await done('roster', 'key', '--out', at('roster-key')))['public_key']);
  const agent = ['--directory', at('alice'), ...to, '--username', 'alice', '--roster-key', key];
  await done('agent', 'init', ...agent, '--approval', 'auto');
  await cheapChip(at('alice', 'chip.sealed'), at('alice', 'chip-passphrase'));
  secret('pin', '482915');
  secret('new-pin', '7391');
  secret('wrong-pin', '0000');
  writeFileSync(
    at('second.yaml'),
    'kind: virtual\nfile: second/chip.sealed\npassphrase_file: second-passphrase\n',
  );
});

afterAll(async () => {
  await server?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('a chip that is software', () => {
  test('says so when it is made, registered, shown, listed and tested', async () => {
    const software = /this chip is software/;
    const init = await quorate(
      'chips',
      'init',
      ...chip(),
      '--authority',
      authority,
      ...as('alice'),
    );
    expect(init).toMatchObject({ exit: 0, stderr: expect.stringMatching(software) });
    const register = await quorate(
      'chips',
      'register',
      ...chip(),
      '--se-id',
      'a-1',
      ...as('alice'),
    );
    expect(register).toMatchObject({ exit: 0, stderr: expect.stringMatching(software) });
    const show = await quorate('chips', 'show', '--directory', at('alice'));
    expect(show.stderr).toMatch(software);
    expect(show.stdout).toContain('software: true');
    const list = await quorate('chips', 'list', ...as('root'));
    expect(list.stdout).toMatch(/a-1 +alice +active +virtual \(software\)/);
    const state = await quorate('chips', 'state', 'a-1', ...as('root'));
    expect(state.stdout).toContain('a-1 of alice is active, virtual (software)');
    await rosterOf(1);
    expect((await importRoster(1)).exit).toBe(0);
    const check = await quorate('chips', 'test', ...chip(), ...as('alice'));
    expect(check).toMatchObject({ exit: 0, stderr: expect.stringMatching(software) });
    expect(check.stdout).not.toContain('✗');
  });
});

describe('chips test', () => {
  test('stores and releases nothing', async () => {
    const shown = async () => {
      const { used, capacity } = await done('chips', 'show', '--directory', at('alice'));
      return { used, capacity, file: readFileSync(at('alice', 'link.json'), 'utf8') };
    };
    writeFileSync(at('alice', 'link.json'), '{"stream":null,"seq":0,"cseq":0}\n', { mode: 0o600 });
    const before = await shown();
    expect(await selfCheck('--pin-file', at('pin'))).toEqual({ exit: 0, failed: {} });
    expect(await shown()).toEqual(before);
  });

  test('finds a chip that the registry does not let take part', async () => {
    expect(await done('chips', 'state', 'a-1', '--set', 'disabled', ...as('root'))).toMatchObject({
      state: 'disabled',
    });
    const { exit, failed } = await selfCheck('--pin-file', at('pin'));
    expect(exit).toBe(6);
    expect(failed).toEqual({ registry: 'a-1 is disabled' });
    await done('chips', 'mark', 'a-1', '--state', 'active', ...as('root'));
  });

  test('E-9 finds another chip under the same file name', async () => {
    await cheapChip(at('alice', 'second', 'chip.sealed'), at('alice', 'second-passphrase'));
    await done('chips', 'init', ...second(), ...chip(), '--authority', authority, ...as('alice'));
    const { exit, failed } = await selfCheck(...second(), '--pin-file', at('pin'));
    expect(exit).toBe(6);
    expect(Object.keys(failed)).toEqual(['registry', 'pinned key']);
    expect(failed['registry']).toBe('not registered');
  });

  test('E-6 tells the tries before a PIN, never uses the last one unasked, and says when it is blocked', async () => {
    const kept = readFileSync(at('alice', 'chip.sealed'));
    const wrong = ['--pin-file', at('wrong-pin')];
    expect((await selfCheck(...wrong)).failed).toMatchObject({
      PIN: 'the PIN is wrong: 2 tries left',
    });
    const told = await quorate(
      'chips',
      'test',
      '--directory',
      at('alice'),
      ...wrong,
      ...as('alice'),
    );
    expect(told.stderr).toContain('PIN: 2 tries left');
    expect((await selfCheck('--pin-file', at('pin'))).failed).toMatchObject({
      PIN: expect.stringContaining('it is the last try'),
    });
    expect((await selfCheck(...wrong, '--last-try')).failed).toMatchObject({
      PIN: expect.stringContaining('blocked'),
    });
    const blocked = await quorate('chips', 'pin', ...chip(), '--new-pin-file', at('new-pin'));
    expect(blocked).toMatchObject({ exit: 3, stderr: expect.stringContaining('blocked') });
    expect(
      await quorate('chips', 'register', ...chip(), '--se-id', 'x', ...as('alice')),
    ).toMatchObject({ exit: 3, stderr: expect.stringContaining('blocked') });
    writeFileSync(at('alice', 'chip.sealed'), kept);
  });
});

describe('chips replace', () => {
  const replace = (...more: string[]): Promise<{ exit: number; last: Record<string, unknown> }> =>
    ran('chips', 'replace', ...chip(), '--new-pin-file', at('pin'), ...more, ...as('alice'));

  test('needs to know the new chip, and tells of a chip that is gone that it cannot be replaced', async () => {
    expect(await replace()).toMatchObject({ exit: 2 });
    const file = at('alice', 'chip.sealed');
    copyFileSync(file, at('kept'));
    rmSync(file);
    const { exit, last } = await replace(...second(), '--se-id', 'a-2');
    expect(exit).not.toBe(0);
    expect(last).toMatchObject({ hint: expect.stringContaining('lost cannot be replaced') });
    expect(last).toMatchObject({
      hint: expect.stringContaining('make new keys and move the funds'),
    });
    copyFileSync(at('kept'), file);
    chmodSync(file, 0o600);
  });

  test('waits for an administrator who compares the new fingerprint', async () => {
    const asked = await replace(...second(), '--se-id', 'a-2', '--retire', 'disabled');
    expect(asked).toMatchObject({ exit: 0, last: { state: 'requested' } });
    const { fingerprint } = Object(asked.last['new_chip']) as { fingerprint: string };
    expect(await done('chips', 'show', ...second(), '--directory', at('alice'))).toMatchObject({
      fingerprint,
    });
    const approve = (...more: string[]) => ran('chips', 'approve-replacement', 'a-2', ...more);
    const { fingerprint: old } = Object(asked.last['old_chip']) as { fingerprint: string };
    expect(await approve('--fingerprint', old, ...as('root'))).toMatchObject({
      exit: 6,
      last: { code: 'chip_mismatch' },
    });
    expect(await approve('--fingerprint', fingerprint, ...as('alice'))).toMatchObject({ exit: 4 });
    expect(await replace()).toMatchObject({ exit: 0, last: { state: 'requested' } });
    const told = ['--fingerprint', fingerprint.toUpperCase(), ...as('root')];
    const approved = await quorate('chips', 'approve-replacement', 'a-2', ...told);
    expect(approved.exit).toBe(0);
    expect(approved.stderr).toMatch(/new kind +virtual \(software\), was virtual/);
    expect(approved.stderr).toContain(SOFTWARE_CHIP);
    expect(await approve(...told)).toMatchObject({
      exit: 0,
      last: { approved: true, approved_by: 'root', new_chip: { kind: 'virtual' } },
    });
    const { stdout } = await quorate('chips', 'replacements', ...as('root'));
    expect(stdout).toMatch(/alice +a-1 +a-2 +virtual \(software\) +approved +root/);
  });

  test('another new chip, or another end of the old one, is not mixed with an open replacement', async () => {
    expect(await replace('--se-id', 'a-3')).toMatchObject({
      exit: 3,
      last: { code: 'replace/unfinished' },
    });
    expect(await replace('--retire', 'destroyed')).toMatchObject({
      exit: 3,
      last: { code: 'replace/unfinished' },
    });
  });

  test('the configuration names the new chip in the end, which is trusted with a new roster', async () => {
    copyFileSync(at('alice', 'second', 'chip.sealed'), at('yesterday'));
    expect(await replace()).toMatchObject({
      exit: 0,
      last: { state: 'completed', old_chip: { state: 'disabled' }, new_chip: { state: 'active' } },
    });
    const config = readFileSync(at('alice', 'config.yaml'), 'utf8');
    expect(config).toContain('second/chip.sealed');
    expect(config).toContain(`pin_file: ${at('pin')}`);
    expect((await selfCheck('--pin-file', at('pin'))).failed).toEqual({
      'pinned key': expect.any(String),
    });
    await rosterOf(2);
    const told = await importRoster(2);
    expect(told.stderr).toMatch(/changed +alice +([0-9a-f]{4}-){7}[0-9a-f]{4} +([0-9a-f]{4}-?){8}/);
    expect(await selfCheck('--pin-file', at('pin'))).toEqual({ exit: 0, failed: {} });
  });

  test('E-1 an older copy of the chip’s file is told from the present one', async () => {
    const file = at('alice', 'second', 'chip.sealed');
    copyFileSync(file, at('present'));
    copyFileSync(at('yesterday'), file);
    const { exit, failed } = await selfCheck('--pin-file', at('pin'));
    copyFileSync(at('present'), file);
    expect(exit).toBe(6);
    expect(failed).toEqual({ counter: expect.stringContaining('older copy') });
  });

  test('a replacement can be given up before the switch, and the chip asked for again', async () => {
    writeFileSync(
      at('third.yaml'),
      'kind: virtual\nfile: third/chip.sealed\npassphrase_file: third-passphrase\n',
    );
    const third = ['--chip', at('third.yaml')];
    await cheapChip(at('alice', 'third', 'chip.sealed'), at('alice', 'third-passphrase'));
    await done('chips', 'init', ...third, ...chip(), '--authority', authority, ...as('alice'));
    expect(await replace(...third, '--se-id', 'a-3')).toMatchObject({
      last: { state: 'requested' },
    });
    expect(await done('chips', 'cancel-replacement', 'a-3', ...as('alice'))).toMatchObject({
      state: 'cancelled',
      old_chip: { state: 'active' },
      new_chip: { state: 'disabled' },
    });
    expect(await replace()).toMatchObject({ exit: 3, last: { state: 'cancelled' } });
    expect(await replace(...third, '--se-id', 'a-3')).toMatchObject({
      last: { state: 'requested' },
    });
  });
});
