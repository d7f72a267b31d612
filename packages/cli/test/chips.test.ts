// The commands about chips against a real coordinator in this process; chips are virtual ones on disk.
import { SOFTWARE_CHIP } from '@quorate/holder';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type CoordinatorServer, createServer } from '@quorate/coordinator';
import { createVirtualChip, openVirtualSecureElement } from '@quorate/secure-element';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHEAP } from '../../../test/support/passwordCost.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { makeAuthority, unblockMessage } from '../../secure-element/test/support/host.ts';
import { untilWritten } from '../src/operations/untilWritten.ts';
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
  directory = temporaryDirectory();
  server = await createServer({
    dataDirectory: at('data'),
    init: true,
    port: 0,
    passwordCost: CHEAP,
  });
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
      '--puk-out',
      at('puk'),
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
    const init = ['init', ...second(), ...chip(), '--authority', authority];
    await done('chips', ...init, '--puk-out', at('second-puk'), ...as('alice'));
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
      PIN: expect.stringContaining('one try left and was not tried'),
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

  test('Z-1: no command uses the last try of a PIN unless --last-try is given', async () => {
    const file = at('alice', 'chip.sealed');
    const kept = readFileSync(file);
    const wrong = ['--directory', at('alice'), '--pin-file', at('wrong-pin')];
    const newPin = ['--new-pin-file', at('new-pin')];
    const refused = {
      exit: 3,
      last: { code: 'last-try', hint: expect.stringMatching(/--last-try/) },
    };
    for (const command of [
      ['pin', ...wrong, ...newPin],
      ['register', ...wrong, '--se-id', 'x', ...as('alice')],
      ['replace', ...wrong, ...second(), '--se-id', 'x', ...newPin, ...as('alice')],
    ]) {
      for (let attempt = 0; attempt < 2; attempt++) {
        expect((await ran('chips', ...command)).last).toMatchObject({ code: 'pin-wrong' });
      }
      expect(await ran('chips', ...command)).toMatchObject(refused);
      expect(await done('chips', 'show', '--directory', at('alice'))).toMatchObject({
        pinTriesLeft: 1,
      });
      expect(await ran('chips', ...command, '--last-try')).toMatchObject({
        exit: 3,
        last: { code: 'pin-blocked' },
      });
      writeFileSync(file, kept);
    }
  });
});

describe('chips unblock', () => {
  const newPin = (): string[] => ['--new-pin-file', at('new-pin')];
  const unblock = (...more: string[]): ReturnType<typeof ran> =>
    ran('chips', 'unblock', '--directory', at('alice'), ...newPin(), ...more);
  const tries = async (): Promise<unknown[]> => {
    const { pinTriesLeft, pukTriesLeft } = await done('chips', 'show', '--directory', at('alice'));
    return [pinTriesLeft, pukTriesLeft];
  };

  async function block(): Promise<void> {
    const wrong = ['--directory', at('alice'), '--pin-file', at('wrong-pin'), '--last-try'];
    for (let attempt = 0; attempt < 3; attempt++) {
      await ran('chips', 'pin', ...wrong, '--new-pin-file', at('new-pin'));
    }
  }

  test('Z-1: the PUK is written once, with mode 0600, and chips show tells the tries of both', async () => {
    expect(readFileSync(at('puk'), 'utf8')).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){2}\n$/);
    expect(statSync(at('puk')).mode & 0o777).toBe(0o600);
    expect(await tries()).toEqual([3, 10]);
    const shown = await quorate('chips', 'show', '--directory', at('alice'));
    expect(shown.stdout).toContain('PIN: 3 tries left');
    expect(shown.stdout).toContain('PUK: 10 tries left');
  });

  test('Z-1: without a terminal and without --puk-out no chip is personalised', async () => {
    await cheapChip(at('alice', 'fourth.sealed'), at('alice', 'fourth-passphrase'));
    const text = 'kind: virtual\nfile: fourth.sealed\npassphrase_file: fourth-passphrase\n';
    writeFileSync(at('fourth.yaml'), text);
    const fourth = ['--chip', at('fourth.yaml'), ...chip()];
    const init = ['chips', 'init', ...fourth, '--authority', authority, ...as('alice')];
    const { exit, last } = await ran(...init);
    expect([exit, last['message']]).toEqual([2, expect.stringContaining('PUK is shown once')]);
    writeFileSync(at('taken'), '');
    expect((await ran(...init, '--puk-out', at('taken'))).exit).toBe(2);
    const shown = await done('chips', 'show', ...fourth.slice(0, 4));
    expect(shown['personalised']).toBe('false');
  });

  test('Z-1: an administrator’s login at the chip’s host gives the order; the new PIN works', async () => {
    const file = at('alice', 'chip.sealed');
    const kept = readFileSync(file);
    await block();
    expect(await tries()).toEqual([0, 10]);
    const wrongPuk = ['--puk-file', secret('wrong-puk', '0000-0000-0000'), ...as('root')];
    expect(await unblock(...wrongPuk)).toMatchObject({
      exit: 3,
      last: { code: 'puk-wrong', message: 'the PUK is wrong: 9 tries left' },
    });
    const typed = readFileSync(at('puk'), 'utf8').trim().toLowerCase().replaceAll('-', ' ');
    const right = ['--puk-file', secret('typed-puk', typed)];
    expect(await unblock(...right, ...as('alice'))).toMatchObject({
      exit: 4,
      last: { code: 'forbidden' },
    });
    expect(await tries()).toEqual([0, 9]);
    expect(await unblock(...right, ...as('root'))).toMatchObject({
      exit: 0,
      last: { unblocked: true },
    });
    expect(await tries()).toEqual([3, 10]);
    const changed = ['--directory', at('alice'), '--pin-file', at('new-pin')];
    await done('chips', 'pin', ...changed, '--new-pin-file', at('pin'));
    const log = await quorate('audit', 'show', '--limit', '50', ...as('root'));
    expect(log.stdout.match(/chip\.unblock/g)).toHaveLength(2);
    writeFileSync(file, kept);
  });

  test('Z-1: the order is carried to an administrator as a line and back as another', async () => {
    const file = at('alice', 'chip.sealed');
    const kept = readFileSync(file);
    await block();
    const carried = ['--request-out', at('request'), '--authorisation-file', at('authorisation')];
    const waiting = unblock('--puk-file', at('puk'), ...carried);
    const request = await untilWritten(at('request'), 'request');
    const damaged = request.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    for (const bad of [damaged, request.slice(0, -1), 'quorate-unblock:1:2']) {
      expect((await ran('chips', 'authorise-unblock', bad, ...as('root'))).exit).toBe(2);
    }
    const order = ['chips', 'authorise-unblock', request, '--out', at('authorisation')];
    expect(await ran(...order, ...as('root'))).toMatchObject({ exit: 2 }); // nobody to ask
    expect(existsSync(at('authorisation'))).toBe(false);
    writeFileSync(at('authorisation'), 'MEQ'); // a copy that is still under way
    await done(...order, '--yes', ...as('root'));
    expect(await waiting).toMatchObject({ exit: 0, last: { unblocked: true } });
    expect(await tries()).toEqual([3, 10]);
    writeFileSync(file, kept);
  });

  test('Z-1: a PIN that is not blocked, a chip without a PUK and a used-up one are told, and no order is asked for', async () => {
    const more = ['--puk-file', at('puk'), ...as('root')];
    expect(await unblock(...more)).toMatchObject({ exit: 3, last: { code: 'pin-not-blocked' } });
    const file = at('alice', 'chip.sealed');
    const kept = readFileSync(file);
    const blockedUp = async (puk: Uint8Array | undefined): Promise<void> => {
      rmSync(file);
      await cheapChip(file, at('alice', 'chip-passphrase'));
      const passphrase = readFileSync(at('alice', 'chip-passphrase'));
      const element = await openVirtualSecureElement({ file, passphrase });
      const own = makeAuthority();
      await element.personalise(own.publicKey, Buffer.from('1234'), puk ? { puk } : {});
      for (let attempt = 0; attempt < 3; attempt++) {
        await element.verifyPin(Buffer.from('0000'), { lastTry: true }).catch(() => undefined);
      }
      const key = await element.publicKey();
      for (let attempt = 0; puk !== undefined && attempt < 9; attempt++) {
        const challenge = Buffer.from(await element.challenge());
        const signature = own.sign(unblockMessage(key, challenge));
        const wrong = { challenge, signature, puk: Buffer.alloc(8, 1), newPin: Buffer.alloc(4, 1) };
        await element.unblock(wrong).catch(() => undefined);
      }
      await element.close();
    };
    await blockedUp(undefined);
    expect(await unblock(...more)).toMatchObject({
      exit: 3,
      last: { code: 'no-puk', message: expect.stringContaining('personalised before 1.1') },
    });
    await blockedUp(Buffer.from('12345678'));
    expect(await tries()).toEqual([0, 1]);
    expect(await unblock(...more)).toMatchObject({ exit: 3, last: { code: 'last-try' } });
    // The registry has no chip with this key, and none of this authority.
    expect(await unblock(...more, '--last-try')).toMatchObject({ last: { code: 'unknown_chip' } });
    expect(await tries()).toEqual([0, 1]);
    writeFileSync(file, kept);
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
    expect(last).toMatchObject({ hint: expect.stringContaining('a lost chip cannot be replaced') });
    expect(last).toMatchObject({
      hint: expect.stringContaining('make new keys, move the funds'),
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
    const init = ['init', ...third, ...chip(), '--authority', authority];
    await done('chips', ...init, '--puk-out', at('third-puk'), ...as('alice'));
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
