import { join } from 'node:path';
import { LIMITS } from '@quorate/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/store/sqlite.ts';
import { factsOf, keygenRequest, ofSession } from '../support/ceremony.ts';
import { Participant } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import { openWorld, type World } from '../support/world.ts';

const NAMES = ['alice', 'bob', 'carol'];

async function asker(world: World, username: string): Promise<TestSocket> {
  await world.rest('POST', '/users', { username, roles: ['coordinator'] });
  return world.connect(username, 'coordinator', { progress: true });
}

/** How the server takes a request: its refusal, or the state that it tells first. */
async function ask(
  socket: TestSocket,
  names: readonly string[] = NAMES,
): Promise<Record<string, unknown>> {
  const request = keygenRequest(names, 2);
  socket.send(request);
  await socket.settled();
  const heard = socket.received.find(
    (message) =>
      ofSession(request['session_key'])(message) &&
      ['error', 'session_state'].includes(message.type),
  );
  return { ...heard, session_key: request['session_key'] };
}

describe('an unanswered request', () => {
  let world: World;
  let evil: TestSocket;
  let good: TestSocket;

  beforeAll(async () => {
    world = await openWorld(NAMES, { requestLimits: { unansweredPerParticipant: 110 } });
    evil = await asker(world, 'evil');
    good = await asker(world, 'good');
  });

  afterAll(() => world.end());

  test('Y-10: takes no room on a chip, and is bounded for each asker and participant', async () => {
    for (let at = 0; at < 110; at += 1) expect((await ask(evil))['state']).toBe('invited');
    expect(await ask(evil)).toMatchObject({
      code: 'too_many_sessions',
      details:
        '110 requests of yours wait for an answer from alice, at most 110 (limits.unanswered_per_participant)',
    });
    expect((await ask(good))['state']).toBe('invited');
  }, 30_000);

  test('Y-10: counts no more once it is accepted, or over', async () => {
    const alice = await Participant.connect(world, 'alice');
    const isKeygen = ({ type }: Received): boolean => type === 'keygen_invite';
    const [first, second] = alice.socket.received.filter(isKeygen);
    const invite = first ?? (await alice.socket.next('keygen_invite'));
    alice.socket.send(await alice.response(invite, factsOf(world, NAMES)));
    await alice.socket.settled();
    expect(await ask(evil)).toMatchObject({ details: expect.stringContaining('answer from bob') });
    expect((await ask(evil, ['alice', 'bob']))['code']).toBe('too_many_sessions');
    const over = String((second ?? (await alice.socket.next('keygen_invite')))['session_key']);
    await world.rest('POST', `/sessions/${over}/cancel`);
    expect((await ask(evil))['state']).toBe('invited');
  });
});

describe('room that is taken by consent', () => {
  let world: World;
  let coordinator: TestSocket;
  let holders: Participant[];

  beforeAll(async () => {
    world = await openWorld(NAMES);
    coordinator = await asker(world, 'asker');
    const session_key = String((await ask(coordinator))['session_key']);
    await world.rest('POST', `/sessions/${session_key}/cancel`);
    await world.server.close();
    const database = await openDatabase(join(world.directory, 'data', 'quorate.db'));
    await database.transaction(async (tx) => {
      for (let at = 1; at < LIMITS.chipRecords; at += 1) {
        await tx.run(
          `INSERT INTO orphans (record_id, address, session_key, part_index, username, se_id,
             chip_public_key, cpic, reason, reported_at)
           VALUES (?, ?, ?, 3, 'carol', 'SE-carol', ?, ?, 'timeout', 1)`,
          [at.toString(16).padStart(64, '0'), `0x${'11'.repeat(20)}`, session_key, '04', '00'],
        );
      }
    });
    await database.close();
    await world.restart();
    coordinator = await world.connect('asker', 'coordinator', { progress: true });
    holders = await Promise.all(NAMES.map((name) => Participant.connect(world, name)));
  });

  afterAll(() => world.end());

  test('Y-10: the last place of a chip is for the key generation that its holder accepts first', async () => {
    const requests = [keygenRequest(NAMES, 2), keygenRequest(NAMES, 2)];
    for (const request of requests) coordinator.send(request);
    const carol = holders[2]!;
    const answers: Record<string, unknown>[] = [];
    for (const request of requests) {
      const invite = await carol.socket.next('keygen_invite', ofSession(request['session_key']));
      answers.push(await carol.response(invite, factsOf(world, NAMES)));
    }
    carol.socket.send(answers[1]);
    await carol.socket.settled();
    carol.socket.send(answers[0]);
    expect(await coordinator.next('error', ofSession(requests[0]!['session_key']))).toMatchObject({
      code: 'chip_unavailable',
      details: expect.stringContaining('the chip SE-carol of carol holds 100 of 100 records'),
      concerned: [{ username: 'carol', part_index: 3 }],
    });
    expect(await ask(coordinator)).toMatchObject({
      code: 'chip_full',
      details: 'the chip SE-carol of carol holds 100 of 100 records',
    });
    const path = `/sessions/${String(requests[1]!['session_key'])}/cancel`;
    expect((await world.rest('POST', path)).body['code']).toBe('cancelled');
    expect((await ask(coordinator))['state']).toBe('invited');
  });
});
