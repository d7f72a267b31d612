// `quorate cosign` against two running cosigners: options, JSON, exit codes, progress.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, fromHex, parsePayload, recoverAddress } from '@quorate/intent';
import { TwoPartyKey, TwoPartySession } from '@quorate/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../src/main.ts';
import { Cosigners, lastOf, SIDES } from './support/cosigners.ts';
import { Recorder } from './support/recorder.ts';
import { quorate, type Ran } from './support/world.ts';

const NONE = '0'.repeat(32);
const PARTNER = ['--partner', 'mobile-app'];

let both: Cosigners;
let keygen: Ran;
let key = '';

/** The result of a command that worked: the session, without what every result has. */
function sessionOf(ran: Ran): TwoPartySession {
  expect(ran.exit, ran.stderr).toBe(0);
  const { event, ...session } = lastOf(ran);
  expect(event).toBe('result');
  return TwoPartySession.parse(session);
}

const eventsOf = ({ stdout }: Ran): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeAll(async () => {
  both = new Cosigners();
  for (const side of SIDES) {
    const config = ['--config', both.at(`${side}.yaml`)];
    const made = await quorate('cosigner', 'init', ...config);
    expect(made.exit, made.stderr).toBe(0);
    for (const [name, roles] of [
      [side, 'operator,signer,approver,viewer'],
      [`${side}-viewer`, 'viewer'],
    ] as const) {
      const out = ['--out', both.at(`${name}.token`)];
      const token = ['token', ...config, '--name', 'me', '--roles', roles, ...out];
      const written = await quorate('cosigner', ...token);
      expect(written.exit, written.stderr).toBe(0);
    }
  }
  await both.stock();
  await both.start();
  [keygen] = await Promise.all([
    both.cosign('enterprise', 'keygen', ...PARTNER, '--json'),
    both.approveNext(),
  ]);
  key = sessionOf(keygen).session_id;
});

afterAll(() => both.close());

const sign = (message: string, ...more: string[]): Promise<Ran> =>
  both.cosign('enterprise', 'sign', ...PARTNER, '--key', key, '--message', message, ...more);

describe('quorate cosign keygen', () => {
  test('says every step in JSON, and the key in the end', () => {
    const events = eventsOf(keygen);
    expect(events[0]).toEqual({ event: 'stage', stage: 'keygen', session_id: key });
    const steps = events.flatMap(({ step }) => (step === undefined ? [] : [step]));
    expect(steps.length).toBeGreaterThan(0);
    expect(sessionOf(keygen)).toMatchObject({ type: 'keygen', status: 'completed' });
    expect(keygen.stderr).toContain(`✓ keygen with mobile-app`);
  });
});

describe('quorate cosign sign', () => {
  test('signs the text under EIP-191, with progress on stderr and the result on stdout', async () => {
    const [ran] = await Promise.all([sign('pay 5'), both.approveNext()]);
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.stderr).toMatch(/sign with mobile-app: (awaiting_approval|StepSign\w+|created)/);
    expect(ran.stderr).toMatch(/✓ sign with mobile-app \(\d+\.\d s\)/);
    const said = Object.fromEntries(
      ran.stdout
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, 11).trim(), line.slice(12)]),
    ) as Record<string, string>;
    const digest = digestOf(parsePayload({ kind: 'eip191', message: 'pay 5' }));
    expect(recoverAddress(digest, fromHex(said['signature'] ?? ''))).toBe(said['address']);
    expect(said).toMatchObject({ status: 'completed', step: 'StepCompleted', text: 'pay 5' });
  });

  test('--quiet leaves progress out; a file, a hash and a request id are passed on', async () => {
    writeFileSync(both.at('message'), `0x${'5f'.repeat(32)}`);
    const args = ['sign', ...PARTNER, '--key', key, '--message-file', both.at('message')];
    const more = ['--hash', 'none', '--request-id', 'r1', '--json', '--quiet'];
    const [ran] = await Promise.all([
      both.cosign('enterprise', ...args, ...more),
      both.approveNext(),
    ]);
    expect(ran.stderr).toBe('');
    const session = sessionOf(ran);
    expect(session).toMatchObject({ hash: 'none', digest: `0x${'5f'.repeat(32)}` });
    // The same request again is the same session: nobody is asked again.
    const again = await both.cosign('enterprise', ...args, ...more);
    expect(sessionOf(again)).toEqual(session);
    const other = await sign('other', '--request-id', 'r1', '--json');
    expect(other.exit).toBe(3);
    expect(lastOf(other)).toMatchObject({ code: 'request_conflict', exit_code: 3 });
  });

  test.each([
    ['no message', []],
    ['two messages', ['--message', 'x', '--message-file', '/dev/null']],
    ['a file that is not there', ['--message-file', '/nonexistent/message']],
    ['an unknown hash', ['--message', 'x', '--hash', 'md5']],
    ['a message that is no digest', ['--message', 'x', '--hash', 'none']],
    ['an empty message', ['--message', '']],
  ])('with %s ends with 2', async (_, args) => {
    const ran = await both.cosign('enterprise', 'sign', ...PARTNER, '--key', key, ...args);
    expect(ran.exit, ran.stderr).toBe(2);
    expect(ran.stderr).not.toMatch(/ENOENT|Invalid|\bat .*\.ts/);
  });

  test.each([
    ['unknown_key', ['--key', NONE, ...PARTNER], 'quorate cosign keys'],
    ['unknown_partner', ['--key', NONE, '--partner', 'nobody'], 'lists its partners'],
    ['invalid_request', ['--key', 'no-id', ...PARTNER], 'session_id'],
  ])('%s ends with 2 and says what to look at', async (code, args, hint) => {
    const order = ['sign', '--message', 'x', ...args, '--json'];
    const ran = await both.cosign('enterprise', ...order);
    expect(ran.exit).toBe(2);
    expect(lastOf(ran)).toMatchObject({ event: 'error', code, exit_code: 2 });
    expect(ran.stderr).toContain(hint);
  });
});

describe('quorate cosign approve and decline', () => {
  test('a signature is approved by its digest, in any spelling, and by no other', async () => {
    const ran = sign('pay 6', '--json');
    const waiting = await both.waiting();
    const [id, digest] = [String(waiting['session_id']), String(waiting['digest'])];
    const approve = (...more: string[]): Promise<Ran> =>
      both.cosign('mobile-app', 'approve', id, ...more, '--json');
    const blind = await approve();
    expect(blind.exit).toBe(2);
    expect(blind.stderr).toContain('by the digest that was looked at');
    const wrong = await approve('--digest', `0x${'11'.repeat(32)}`);
    expect(wrong.exit).toBe(3);
    expect(lastOf(wrong)).toMatchObject({ code: 'digest_mismatch', exit_code: 3 });
    expect((await approve('--digest', 'abc')).exit).toBe(2);
    const looked = await both.cosign('mobile-app', 'sessions', id, '--json');
    expect(sessionOf(looked).status).toBe('awaiting_approval');
    const right = await approve('--digest', digest.slice(2).toUpperCase());
    expect(sessionOf(right).session_id).toBe(id);
    expect(sessionOf(await ran).status).toBe('completed');
    const late = await approve('--digest', digest);
    expect(lastOf(late)).toMatchObject({ code: 'not_awaiting_approval', exit_code: 3 });
  });

  test('a decline ends the asking command with 3 and its code', async () => {
    const ran = sign('pay 7', '--json');
    const id = String((await both.waiting())['session_id']);
    const declined = await both.cosign('mobile-app', 'decline', id, '--reason', 'no', '--json');
    expect(sessionOf(declined).session_id).toBe(id);
    expect((await ran).exit).toBe(3);
    expect(lastOf(await ran)).toMatchObject({ event: 'error', code: 'declined' });
    expect((await ran).stderr).toContain('✗ sign with mobile-app');
    const unknown = await both.cosign('mobile-app', 'decline', NONE, '--json');
    expect(lastOf(unknown)).toMatchObject({ code: 'unknown_session', exit_code: 2 });
  });
});

describe('quorate cosign sessions and keys', () => {
  test('list what there is, filtered, and wait for what comes', async () => {
    const all = await both.cosign('enterprise', 'sessions', '--json');
    const sessions = TwoPartySession.array().parse(lastOf(all)['sessions']);
    expect(sessions.length).toBeGreaterThan(1);
    const one = await both.cosign('enterprise', 'sessions', '--limit', '1', '--json');
    expect(lastOf(one)['sessions']).toEqual([sessions[0]]);
    const none = await both.cosign('enterprise', 'sessions', '--status', 'preparing', '--json');
    expect(lastOf(none)).toEqual({ event: 'result', sessions: [] });
    const wait = ['--status', 'preparing', '--wait', '0.1', '--json'];
    const waited = await both.cosign('enterprise', 'sessions', ...wait);
    expect(lastOf(waited)).toMatchObject({ code: 'timeout', exit_code: 3 });
    const read = await both.cosign('enterprise', 'sessions');
    expect(read.stdout).toMatch(/^SESSION +TYPE +STATUS +STEP +PARTNER +ERROR\n/);
    expect(read.stdout).toContain(`${key}  keygen`);
    for (const wrong of [
      ['--status', 'over'],
      ['--limit', '0'],
      ['--wait', '-1'],
    ]) {
      expect((await both.cosign('enterprise', 'sessions', ...wrong)).exit).toBe(2);
    }
    expect((await both.cosign('enterprise', 'sessions', NONE)).exit).toBe(2);
  });

  test('keys of both sides are the same key', async () => {
    const listed = await Promise.all(SIDES.map((side) => both.cosign(side, 'keys', '--json')));
    const [ours, theirs] = listed.map((ran) => TwoPartyKey.array().parse(lastOf(ran)['keys'])[0]);
    expect(ours).toMatchObject({ session_id: key, state: 'active', partner: 'mobile-app' });
    expect(theirs).toMatchObject({ session_id: key, address: ours?.address });
    expect((await both.cosign('enterprise', 'keys')).stdout).toMatch(
      new RegExp(`^KEY +ADDRESS +STATE +EPOCH +PARTNER\n${key}  ${ours?.address}  active +0 `),
    );
  });
});

describe('quorate cosign refresh', () => {
  test('is ordered at the enterprise side, and keeps the address', async () => {
    const wrong = ['refresh', '--partner', 'enterprise', '--key', key, '--json'];
    const refused = await both.cosign('mobile-app', ...wrong);
    expect(lastOf(refused)).toMatchObject({ code: 'wrong_side', exit_code: 3 });
    const [ran] = await Promise.all([
      both.cosign('enterprise', 'refresh', ...PARTNER, '--key', key, '--json'),
      both.approveNext(),
    ]);
    const { address } = sessionOf(keygen);
    expect(sessionOf(ran)).toMatchObject({ type: 'refresh', status: 'completed', address });
    const [refreshed] = lastOf(await both.cosign('enterprise', 'keys', '--json'))['keys'] as [
      TwoPartyKey,
    ];
    expect(refreshed).toMatchObject({ address, epoch: 1, state: 'active' });
  });
});

describe('a token or a server that is not the right one', () => {
  test('ends with 4 for a token of the other server, and one without the role', async () => {
    const other = await quorate('cosign', 'keys', ...both.server('enterprise', 'mobile-app'));
    expect(other.exit).toBe(4);
    expect(other.stderr).toContain('quorate cosigner token');
    const viewer = both.server('enterprise', 'enterprise-viewer');
    const order = ['cosign', 'keygen', ...PARTNER, ...viewer, '--json'];
    expect(lastOf(await quorate(...order))).toMatchObject({ code: 'forbidden', exit_code: 4 });
    expect((await quorate('cosign', 'keys', ...viewer)).exit).toBe(0);
  });

  /** Asks a server that answers everything so. */
  async function askedOf(
    status: number,
    text: string,
    command: readonly string[] = ['keys'],
  ): Promise<Ran> {
    const server = createServer((_request, response) => {
      response.statusCode = status;
      response.end(text);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const [, , ...token] = both.server('enterprise');
    const ran = await quorate('cosign', ...command, '--url', url, ...token);
    server.closeAllConnections();
    server.close();
    return ran;
  }

  test('Z-9: a signature that may exist ends with 3 and is not to be asked for again', async () => {
    const session: TwoPartySession = {
      ...sessionOf(keygen),
      type: 'sign',
      status: 'unknown_outcome',
      error: { code: 'unknown_outcome', message: 'a signature or a new share may exist' },
    };
    const order = ['sign', ...PARTNER, '--key', key, '--message', 'x'];
    const ran = await askedOf(202, JSON.stringify(session), order);
    expect(ran.exit).toBe(3);
    expect(ran.stderr).toContain('a signature or a new share may exist');
    expect(ran.stderr).toContain(`do not ask again: quorate cosign sessions ${key}`);
  });

  test.each([
    ['text', 'hello', 200],
    ['another shape', '{"keys": [{"address": 7}]}', 200],
    ['no problem', '{}', 500],
  ])('%s in place of an answer ends with 5 and a sentence', async (_, text, status) => {
    const ran = await askedOf(status, text);
    expect(ran.exit).toBe(5);
    expect(ran.stderr).toContain('unexpected answer from');
    expect(ran.stderr).not.toContain('{');
  });

  test('R-16 what a server says reaches the terminal escaped', async () => {
    const detail = 'a\u001b[2Jb\u202ec\nd';
    const problem = { type: 'urn:x', title: 'x', status: 409, detail, code: 'x' };
    const ran = await askedOf(409, JSON.stringify(problem));
    expect(ran.exit).toBe(3);
    expect(ran.stderr.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('Z-8: retire takes the address of the key as a confirmation, and is for good', async () => {
    const retire = (...more: string[]): Promise<Ran> =>
      both.cosign('mobile-app', 'retire', key, ...more);
    expect((await retire()).exit).toBe(2);
    const wrong = await retire('--address', `0x${'11'.repeat(20)}`, '--json');
    expect(lastOf(wrong)).toMatchObject({ code: 'address_mismatch', exit_code: 3 });
    const { address } = sessionOf(keygen);
    const done = await retire('--address', address ?? '');
    expect(done.stdout).toBe(`${key} ${address} is retired\n`);
    expect((await both.cosign('mobile-app', 'keys')).stdout).toMatch(
      / retired +\d+ +enterprise *$/m,
    );
    expect((await both.cosign('enterprise', 'keys')).stdout).toMatch(
      / active +\d+ +mobile-app *$/m,
    );
  });

  test('a partner that is not there is told, and a server that stops ends the command', async () => {
    await both.stop('mobile-app');
    const [stdout, stderr] = [new Recorder(), new Recorder()];
    const order = ['sign', ...PARTNER, '--key', key, '--message', 'x'];
    const args = ['cosign', ...order, ...both.server('enterprise')];
    const ended = main(args, { stdout, stderr, environment: {} });
    const told = 'sign with mobile-app: created, mobile-app is not connected';
    while (!stderr.text.includes(told)) await sleep(20);
    await both.stop('enterprise');
    // Told by the session, or by the silence of its server.
    expect([3, 5]).toContain(await ended);
  });

  test('ends with 5 for a server that is gone, and 2 before any for a token that others can read', async () => {
    const gone = await both.cosign('mobile-app', 'keys', '--json');
    expect(lastOf(gone)).toMatchObject({ code: 'unreachable', exit_code: 5 });
    writeFileSync(both.at('open.token'), 'x', { mode: 0o644 });
    const open = await quorate('cosign', 'keys', ...both.server('enterprise', 'open'));
    expect(open.exit).toBe(2);
    expect(open.stderr).toContain('chmod 600');
  });
});
