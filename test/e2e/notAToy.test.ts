// Reads the coordinator's database, every byte that passed through it and every log of a key generation
// and a signature, and finds none of the secrets in any encoding.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Cluster, startCluster } from '@quorate/cli';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Requester } from './support/ceremonies.ts';
import { opensslAccepts } from './support/check.ts';
import { harvest, type KeygenResult } from './support/harvest.ts';
import type { Json } from './support/rawCoordinator.ts';
import { recordedRoute, type Recording } from './support/recorder.ts';
import { decodedBase64, findSecrets, formsOf, type Heap, type Secret } from './support/search.ts';

/** Sent on purpose as the remark of a signature: what passes the coordinator is found by the search. */
const planted: Secret = { name: 'planted', bytes: randomBytes(32) };

const { route, recording } = recordedRoute();
let cluster: Cluster;
let heaps: Heap[] = [];
let secrets: Secret[] = [];
let results: KeygenResult[] = [];

beforeAll(async () => {
  cluster = await startCluster({ parties: 3, port: 0, logLevel: 'debug', route });
  await performCeremonies();
  results = keygenResults(recording().frames());
  heaps = [...databaseHeaps(cluster), ...trafficHeaps(recording()), ...logHeaps(cluster)];
  for (const agent of cluster.agents) await agent.stop();
  secrets = await harvest(cluster, results);
});

afterAll(async () => {
  await cluster?.stop();
  await recording().close();
});

async function performCeremonies(): Promise<void> {
  const requester = await Requester.of(cluster);
  const key = await requester.key('toy-keygen', 2);
  const signers = requester.holders.slice(0, 2);
  const remark = Buffer.from(planted.bytes).toString('base64');
  requester.askForSignature('toy-sign', key['address'], signers, 'toy', { display: remark });
  const done = await requester.client.complete('toy-sign', 'sign_complete');
  expect(opensslAccepts('toy', String(done['signature']), String(key['public_key']))).toBe(true);
  requester.client.close();
}

function messagesOf(frames: readonly string[]): Json[] {
  return frames.flatMap((frame) => {
    const parsed = JSON.parse(frame) as Json | Json[];
    return Array.isArray(parsed) ? parsed : [parsed];
  });
}

function keygenResults(frames: readonly string[]): KeygenResult[] {
  return messagesOf(frames).filter(
    (message) => message['type'] === 'keygen_result',
  ) as unknown as KeygenResult[];
}

/** The database, its write-ahead log and everything else beside the keys, as files. */
function databaseHeaps({ coordinatorDirectory }: Cluster): Heap[] {
  return readdirSync(coordinatorDirectory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => heapOf(entry.name, readFileSync(join(coordinatorDirectory, entry.name))));
}

function trafficHeaps(from: Recording): Heap[] {
  const frames = from.frames().join('\n');
  return [
    heapOf('raw traffic', from.raw()),
    heapOf('frames', Buffer.from(frames)),
    heapOf('decoded frames', decodedBase64(frames)),
  ];
}

function logHeaps({ directory }: Cluster): Heap[] {
  return readdirSync(join(directory, 'logs')).map((name) =>
    heapOf(name, readFileSync(join(directory, 'logs', name))),
  );
}

const heapOf = (name: string, bytes: Buffer): Heap => ({ name, bytes });

describe('the coordinator', () => {
  test('was searched where the ceremonies left their traces', () => {
    const sizes = Object.fromEntries(heaps.map((heap) => [heap.name, heap.bytes.length]));
    expect(sizes['quorate.db-wal'] ?? 0).toBeGreaterThan(10_000);
    expect(sizes['frames'] ?? 0).toBeGreaterThan(100_000);
    expect(sizes['coordinator.log'] ?? 0).toBeGreaterThan(0);
    expect(sizes['user1.log'] ?? 0).toBeGreaterThan(0);
    expect(results).toHaveLength(3);
    const types = new Set(messagesOf(recording().frames()).map((message) => message['type']));
    expect([...types]).toEqual(expect.arrayContaining(['round', 'sign_params', 'sign_result']));
  });

  test('never had a share, an opener, a seed or a private key in any encoding', () => {
    const kinds = ['opener', 'secret share', 'zero-share', 'OT choice', 'OT seeds', 'local key'];
    for (const kind of kinds) expect(secrets.some(({ name }) => name.includes(kind))).toBe(true);
    expect(secrets.length).toBeGreaterThan(1000);
    expect(findSecrets(heaps, secrets)).toEqual([]);
  });

  test('R-12 1.9.13 no log holds a PIN, a passphrase or a token', () => {
    const logs = heaps.filter((heap) => heap.name.endsWith('.log'));
    const texts = ['pin', 'chip-passphrase', 'token'].flatMap((file) =>
      ['user1', 'user2', 'user3'].map((username) => ({
        name: `${username} ${file}`,
        bytes: Buffer.from(readFileSync(join(cluster.directory, username, file), 'utf8').trim()),
      })),
    );
    const tokens = [cluster.adminToken, ...cluster.users.map((user) => user.token)];
    const all = [
      ...texts,
      ...tokens.map((token) => ({ name: 'token', bytes: Buffer.from(token) })),
    ];
    expect(findSecrets(logs, all)).toEqual([]);
  });

  test('1.9.13 nothing that the programs keep can be read by others', () => {
    const loose = readdirSync(cluster.directory, { recursive: true, withFileTypes: true })
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => (statSync(path).mode & 0o077) !== 0);
    expect(loose).toEqual([]);
  });

  test('the search finds what was planted in the traffic and in the database', () => {
    const found = findSecrets(heaps, [planted]).map((finding) => finding.where.split(' at ')[0]);
    expect(found).toEqual(expect.arrayContaining(['frames', 'decoded frames']));
    expect(found.some((where) => where?.startsWith('quorate.db'))).toBe(true);
  });

  test('the search finds every form of a secret that it looks for', () => {
    for (const secret of [planted, ...secrets.slice(0, 20)]) {
      for (const [form, bytes] of formsOf(secret.bytes)) {
        const heap = heapOf('planted', Buffer.concat([randomBytes(1001), bytes, randomBytes(7)]));
        const found = findSecrets([heap], [secret]).map((finding) => finding.form);
        expect(found, form).toContain(form);
      }
    }
  });
});
