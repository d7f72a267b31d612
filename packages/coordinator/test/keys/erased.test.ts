// Where a ciphertext stands in the files of a running server, and where it no longer does.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { acceptAll, factsOf, keygenRequest, runRounds } from '../support/ceremony.ts';
import { timesStored } from '../support/files.ts';
import { Participant, plainKey, type PlainKey } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import { openWorld, type World } from '../support/world.ts';

const NAMES = ['alice', 'bob'];

let world: World;
let coordinator: TestSocket;
let people: Participant[];
const file = (): string => `${world.directory}/data/quorate.db`;

beforeAll(async () => {
  world = await openWorld(NAMES);
  coordinator = await world.connect('coordinator', 'coordinator');
  people = await Promise.all(NAMES.map((name) => Participant.connect(world, name)));
});
afterAll(() => world.end());

/** A key generation up to its results. */
async function begin(): Promise<{ readonly sessionKey: string; readonly params: Received[] }> {
  const request = keygenRequest(NAMES, 2);
  const sessionKey = String(request['session_key']);
  coordinator.send(request);
  const params = await acceptAll(people, 'keygen', factsOf(world, NAMES), sessionKey);
  await runRounds(people, params, 1);
  return { sessionKey, params };
}

/** A result with a ciphertext of a true one's length; gives a piece of its middle. */
async function report(at: number, params: readonly Received[], key: PlainKey): Promise<string> {
  const participant = people[at]!;
  await participant.store(params[at]!, key);
  const ciphertext = randomBytes(18_000).toString('base64');
  participant.socket.send({
    ...participant.keygenResult(params[at]!, key),
    encrypted_shard: ciphertext,
  });
  await participant.socket.settled();
  return ciphertext.slice(9000, 9060);
}

test('Z-15: while a key is being made, and once it is, a ciphertext stands once', async () => {
  const { sessionKey, params } = await begin();
  const key = plainKey();
  const first = await report(0, params, key);
  await world.server.close();
  expect(timesStored(file(), first)).toBe(1);
  await world.restart();
  people = await Promise.all(people.map((participant) => participant.again()));
  coordinator = await world.connect('coordinator', 'coordinator');
  const second = await report(1, params, key);
  await coordinator.next('keygen_complete', ({ session_key }) => session_key === sessionKey);
  await world.server.close();
  expect([first, second].map((piece) => timesStored(file(), piece))).toEqual([1, 1]);
  await world.restart();
  people = await Promise.all(people.map((participant) => participant.again()));
  coordinator = await world.connect('coordinator', 'coordinator');
});

test('Z-15: a key generation that fails leaves none, and its holder deletes the record', async () => {
  const { sessionKey, params } = await begin();
  const piece = await report(0, params, plainKey());
  expect(timesStored(file(), piece)).toBeGreaterThan(0);
  people[1]!.socket.send({
    type: 'keygen_result',
    session_key: sessionKey,
    part_index: 2,
    address: '',
    cpic: people[1]!.person.cpic,
    success: false,
    message: 'the disk is full',
  });
  await coordinator.next('keygen_complete', ({ session_key }) => session_key === sessionKey);
  // The log is emptied behind the answer.
  await expect.poll(() => timesStored(file(), piece)).toBe(0);
  await people[0]!.socket.next('orphan_notice', ({ session_key }) => session_key === sessionKey);
});
