// A client that knows only the seed document's fields is a coordinator: a raw WebSocket, no code of ours.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { addressOfKey, opensslAccepts } from './support/check.ts';
import { type Dev, QUORATE, run, startDev } from './support/processes.ts';
import { type Json, RawClient } from './support/rawCoordinator.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

let dev: Dev;
let participants: string[] = [];
let coordinator: RawClient;
let key: Json;

beforeAll(async () => {
  dev = await startDev(3);
  const { users, ws_url } = dev.cluster;
  participants = users.filter((user) => user.role === 'participant').map((user) => user.username);
  const requester = users.find((user) => user.role === 'coordinator');
  if (requester === undefined) throw new Error('no user with the role coordinator');
  coordinator = await RawClient.register(ws_url, requester);
});

afterAll(async () => {
  coordinator?.close();
  await dev?.stop();
});

async function sign(name: string, signers: string[], message: string): Promise<Json> {
  coordinator.send({
    type: 'sign_request',
    session_key: name,
    threshold: 2,
    total_parts: 3,
    data: sha256(message),
    address: key['address'],
    participants: signers,
  });
  return coordinator.complete(name, 'sign_complete');
}

describe('a coordinator that knows only the seed document', () => {
  test('the development cluster prints one line with url, tokens and users', () => {
    const { url, ws_url, admin_token, users } = dev.cluster;
    expect(Object.keys(dev.cluster).toSorted()).toEqual(['admin_token', 'url', 'users', 'ws_url']);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(ws_url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/ws$/);
    expect(admin_token.split('.')).toHaveLength(3);
    expect(users.map((user) => user.role)).toEqual([
      'coordinator',
      ...participants.map(() => 'participant'),
    ]);
    expect(participants).toHaveLength(3);
  });

  test('asks for a key and gets keygen_complete', async () => {
    coordinator.send({
      type: 'keygen_request',
      session_key: 'seed-keygen',
      threshold: 2,
      total_parts: 3,
      participants,
    });
    key = await coordinator.complete('seed-keygen', 'keygen_complete');
    expect(key['success']).toBe(true);
    expect(key['address']).toBe(addressOfKey(String(key['public_key'])));
  });

  test('asks every pair of holders for a signature and gets sign_complete', async () => {
    const pairs = [
      [0, 1],
      [0, 2],
      [2, 1],
    ];
    for (const [at, pair] of pairs.entries()) {
      const message = `message ${at}`;
      const signers = pair.map((index) => String(participants[index]));
      const done = await sign(`seed-sign-${at}`, signers, message);
      expect(done['success']).toBe(true);
      expect(opensslAccepts(message, String(done['signature']), String(key['public_key']))).toBe(
        true,
      );
    }
  });

  test('1.9.4 the same request again is answered with the result, another content is refused', async () => {
    const again = await sign(
      'seed-sign-0',
      [String(participants[0]), String(participants[1])],
      'message 0',
    );
    expect(again['success']).toBe(true);
    await expect(
      sign('seed-sign-0', [String(participants[0]), String(participants[1])], 'another'),
    ).rejects.toThrow(/session_key_conflict/);
  });

  test('1.9.7 one signer too few is refused and nothing else happens', async () => {
    await expect(sign('seed-few', [String(participants[0])], 'few')).rejects.toThrow(
      /"code":"invalid_/,
    );
    const done = await sign(
      'seed-after',
      [String(participants[1]), String(participants[2])],
      'after',
    );
    expect(done['success']).toBe(true);
  });
});

describe('the development cluster', () => {
  test('SIGINT ends it with 0 and nothing is left', async () => {
    const small = await startDev(2);
    expect(small.leftovers()).not.toEqual([]);
    expect(await small.stop('SIGINT')).toBe(0);
    expect(small.leftovers()).toEqual([]);
  });

  test('W-14: --out is a private file that holds the same as the line, and is gone at the end', async () => {
    const directory = temporaryDirectory();
    const out = join(directory, 'cluster.json');
    const small = await startDev(2, ['--out', out]);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(small.cluster);
    expect(await small.stop('SIGTERM')).toBe(0);
    expect(existsSync(out)).toBe(false);
    rmSync(directory, { recursive: true });
  });

  test('a port that is taken ends it with a reason and nothing is left', async () => {
    const port = new URL(dev.cluster.url).port;
    const temporary = temporaryDirectory();
    const ran = await run(process.execPath, [QUORATE, 'dev', '--port', port, '--json'], {
      env: { ...process.env, TMPDIR: temporary },
    });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(`port ${port} is in use; choose another with --port`);
    expect(JSON.parse(ran.stdout)).toMatchObject({ event: 'error', code: 'port_in_use' });
    expect(readdirSync(temporary)).toEqual([]);
    rmSync(temporary, { recursive: true });
  });

  test('when it is killed its programs end, too', async () => {
    const small = await startDev(2);
    const [requester] = small.cluster.users;
    if (requester === undefined) throw new Error('no user');
    const client = await RawClient.register(small.cluster.ws_url, requester);
    await small.stop('SIGKILL');
    expect(await client.closed()).toBeGreaterThan(0);
  });
});
