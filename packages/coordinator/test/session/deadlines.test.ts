import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  acceptAll,
  factsOf,
  keygenRequest,
  type MadeKey,
  makeKey,
  ofSession,
  runRounds,
  signRequest,
} from '../support/ceremony.ts';
import { Participant } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import { openWorld, type World } from '../support/world.ts';
import { acceptedSignature, openOfficeWithKey } from '../support/office.ts';

const NAMES = ['alice', 'bob', 'carol'];
const SECOND = 1000;

let world: World;
let coordinator: TestSocket;
let participants: Participant[];
let key: MadeKey;
let digest: string;

beforeAll(async () => {
  ({ world, coordinator, participants, key } = await openOfficeWithKey(NAMES, 2));
});

afterAll(() => world.end());

beforeEach(() => {
  digest = randomBytes(32).toString('hex');
});

const running = (): ReturnType<typeof acceptedSignature> =>
  acceptedSignature({ coordinator, participants }, key, digest);

async function outcome(sessionKey: string): Promise<{ error: Received; complete: Received }> {
  const error = await coordinator.next('error', ofSession(sessionKey));
  return { error, complete: await coordinator.next('sign_complete', ofSession(sessionKey)) };
}

describe('invitation', () => {
  test('after 120 s without an answer the session ends and names who did not answer', async () => {
    const request = keygenRequest(NAMES, 2);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const facts = factsOf(world, NAMES);
    const invite = await participants[1]!.socket.next('keygen_invite', ofSession(sessionKey));
    expect(invite['expires_at']).toBe(world.clock.now() + 120 * SECOND);
    participants[1]!.socket.send(await participants[1]!.response(invite, facts));
    await participants[1]!.socket.settled();
    world.clock.advance(120 * SECOND - 1);
    await participants[1]!.socket.settled();
    expect(coordinator.received.filter(ofSession(sessionKey))).toEqual([]);
    world.clock.advance(1);
    const error = await coordinator.next('error', ofSession(sessionKey));
    expect(error).toMatchObject({
      code: 'timeout',
      concerned: [
        { username: 'alice', part_index: 1 },
        { username: 'carol', part_index: 3 },
      ],
    });
    for (const { socket } of participants) await socket.next('error', ofSession(sessionKey));
  });
});

describe('a consent', () => {
  test('X-9: releases nothing if it has expired when the last one comes', async () => {
    const slow = await openWorld(NAMES, {
      deadlines: { invitation: 3600 * SECOND, session: 7200 * SECOND },
    });
    try {
      const asker = await slow.connect('coordinator', 'coordinator');
      const people = await Promise.all(NAMES.map((name) => Participant.connect(slow, name)));
      const request = keygenRequest(NAMES, 2);
      const sessionKey = String(request['session_key']);
      const facts = factsOf(slow, NAMES);
      asker.send(request);
      for (const [at, { socket }] of people.entries()) {
        const invite = await socket.next('keygen_invite', ofSession(sessionKey));
        socket.send(await people[at]!.response(invite, facts));
        await socket.settled();
        // The first one's is good for ten minutes, and clocks may differ by one.
        slow.clock.advance(330 * SECOND);
      }
      expect(await asker.next('error', ofSession(sessionKey))).toMatchObject({
        code: 'expired',
        details: expect.stringContaining('the consent of alice has expired'),
        concerned: [{ username: 'alice', part_index: 1 }],
      });
      for (const { socket } of people) {
        expect(await socket.next('error', ofSession(sessionKey))).toMatchObject({
          code: 'aborted',
          abort: { reason: 'expired' },
        });
        expect(socket.count('keygen_params')).toBe(0);
      }
    } finally {
      await slow.end();
    }
  });

  test('X-9: authorises no chip anew once it has expired', async () => {
    const slow = await openWorld(NAMES, {
      deadlines: { round: 3600 * SECOND, session: 7200 * SECOND },
    });
    try {
      const asker = await slow.connect('coordinator', 'coordinator');
      const people = await Promise.all(NAMES.map((name) => Participant.connect(slow, name)));
      const made = await makeKey(slow, asker, people, 2);
      const request = signRequest(made, NAMES, digest);
      const sessionKey = String(request['session_key']);
      asker.send(request);
      const [params] = await acceptAll(people, 'sign', made, sessionKey);
      slow.clock.advance(660 * SECOND);
      people[0]!.socket.send({
        type: 'chip_challenge',
        session_key: sessionKey,
        part_index: params!['part_index'],
        chip_challenge: Buffer.from(await people[0]!.person.chip.challenge()).toString('base64'),
      });
      expect(await asker.next('error', ofSession(sessionKey))).toMatchObject({ code: 'expired' });
      expect(people[0]!.socket.count('chip_authorisation')).toBe(0);
    } finally {
      await slow.end();
    }
  });
});

describe('rounds', () => {
  test('30 s without the next round end the session and name who holds it up', async () => {
    const { sessionKey, params } = await running();
    await runRounds(participants, params, 1);
    world.clock.advance(29 * SECOND);
    for (const at of [0, 2]) {
      participants[at]!.socket.send(participants[at]!.round(params[at]!, 2, null));
      await participants[at]!.socket.settled();
    }
    // Messages of two out of three do not advance the round: its time runs from the previous round.
    world.clock.advance(SECOND);
    const { error, complete } = await outcome(sessionKey);
    expect(error).toMatchObject({
      code: 'timeout',
      concerned: [{ username: 'bob', part_index: 2 }],
    });
    expect(complete).toMatchObject({ success: false, signature: '' });
  });

  test('each round that everybody has spoken in starts the time anew', async () => {
    const { sessionKey, params } = await running();
    for (const round of [1, 2]) {
      world.clock.advance(29 * SECOND);
      for (const [at, participant] of participants.entries()) {
        participant.socket.send(participant.round(params[at]!, round, null));
        await participant.socket.settled();
      }
    }
    world.clock.advance(29 * SECOND);
    for (const participant of participants) await participant.socket.settled();
    expect(coordinator.received.filter(ofSession(sessionKey))).toEqual([]);
    world.clock.advance(SECOND);
    expect((await outcome(sessionKey)).error).toMatchObject({ code: 'timeout' });
  });

  test('300 s end every session, however lively', async () => {
    const request = signRequest(key, NAMES, digest);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    world.clock.advance(119 * SECOND);
    const params = await acceptAll(participants, 'sign', key, sessionKey);
    const spoken = [1, 2, 3];
    for (const round of spoken) {
      world.clock.advance(29 * SECOND);
      for (const [at, participant] of participants.entries()) {
        participant.socket.send(participant.round(params[at]!, round, null));
        await participant.socket.settled();
      }
    }
    world.clock.advance(300 * SECOND - 119 * SECOND - 87 * SECOND);
    expect((await outcome(sessionKey)).error).toMatchObject({ code: 'unknown_outcome' });
  });
});

describe('signatures at the deadline', () => {
  test('none at the deadline after the last round was relayed is an unknown outcome', async () => {
    const { sessionKey, params } = await running();
    await runRounds(participants, params, 2);
    participants[0]!.socket.send(participants[0]!.round(params[0]!, 3, null));
    await participants[1]!.socket.next(
      'round',
      (message) => ofSession(sessionKey)(message) && message['round'] === 3,
    );
    world.clock.advance(30 * SECOND);
    expect((await outcome(sessionKey)).error).toMatchObject({ code: 'unknown_outcome' });
  });

  test('one signer alone cannot make an outcome unknown by a message of the last round', async () => {
    const { sessionKey, params } = await running();
    const [alice] = participants;
    for (const round of [1, 2, 3]) alice!.socket.send(alice!.round(params[0]!, round, null));
    await alice!.socket.settled();
    world.clock.advance(30 * SECOND);
    expect((await outcome(sessionKey)).error).toMatchObject({
      code: 'timeout',
      concerned: [
        { username: 'bob', part_index: 2 },
        { username: 'carol', part_index: 3 },
      ],
    });
  });

  test('failures of everybody after the last round are an unknown outcome', async () => {
    const { sessionKey, params } = await running();
    await runRounds(participants, params, 3);
    for (const [at, { socket }] of participants.entries()) {
      socket.send({
        type: 'sign_result',
        session_key: sessionKey,
        part_index: params[at]!['part_index'],
        success: false,
        message: 'the final signature is not valid',
      });
    }
    expect((await outcome(sessionKey)).error).toMatchObject({ code: 'unknown_outcome' });
  });
});

describe('chips', () => {
  test('1.9.10 an authorisation releases one record of one chip once, for that session only', async () => {
    const first = await running();
    const [alice, bob] = participants;
    await expect(
      bob!.release(first.params[1]!, { signature: String(first.params[0]!['signature']) }),
    ).rejects.toThrow(/the chip refused: authorisation-refused/);
    expect(await alice!.release(first.params[0]!)).toHaveLength(32);
    await expect(alice!.release(first.params[0]!)).rejects.toThrow(/challenge-unknown/);
    const second = await running();
    await expect(
      alice!.release(second.params[0]!, { signature: String(first.params[0]!['signature']) }),
    ).rejects.toThrow(/the chip refused: authorisation-refused/);
  });

  test('a chip that was reset gets a new authorisation, at most three times a session', async () => {
    const { sessionKey, params } = await running();
    const [alice] = participants;
    let last: { signature: string; challenge: string } | undefined;
    const renew = async (): Promise<Record<string, unknown>> => ({
      type: 'chip_challenge',
      session_key: sessionKey,
      part_index: 1,
      chip_challenge: Buffer.from(await alice!.person.chip.challenge()).toString('base64'),
    });
    for (let time = 0; time < 3; time += 1) {
      const message = await renew();
      alice!.socket.send([message, message]);
      const answer = await alice!.socket.next('chip_authorisation', ofSession(sessionKey));
      expect(answer['chip_challenge']).toBe(message['chip_challenge']);
      last = {
        signature: String(answer['signature']),
        challenge: String(answer['chip_challenge']),
      };
    }
    alice!.socket.send(await renew());
    expect(await alice!.socket.next('error', ofSession(sessionKey))).toMatchObject({
      code: 'challenge_limit',
    });
    expect(await alice!.release(params[0]!, last)).toHaveLength(32);
    const { body } = await world.rest(
      'GET',
      `/audit?subject=${sessionKey}&action=chip.release&limit=50`,
    );
    expect((body['entries'] as unknown[]).length).toBe(3 + 3);
  });
});

describe('the wall clock', () => {
  const HOUR = 3600 * SECOND;

  /** Asks, and gives the session and whether it has ended when it is looked at. */
  async function asked(): Promise<{ sessionKey: string; isOver: () => Promise<boolean> }> {
    const request = keygenRequest(NAMES, 2);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    for (const { socket } of participants)
      await socket.next('keygen_invite', ofSession(sessionKey));
    const isOver = async (): Promise<boolean> => {
      await coordinator.settled();
      return coordinator.received.some(
        (message) => message.type === 'error' && ofSession(sessionKey)(message),
      );
    };
    return { sessionKey, isOver };
  }

  test.each([-HOUR, HOUR])('X-10: set by %i ms changes no wait for an answer', async (by) => {
    const { sessionKey, isOver } = await asked();
    world.clock.advance(60 * SECOND);
    world.clock.step(by);
    world.clock.advance(60 * SECOND - 1);
    expect(await isOver()).toBe(false);
    world.clock.advance(1);
    const error = await coordinator.next('error', ofSession(sessionKey));
    expect(error).toMatchObject({ code: 'timeout' });
    world.clock.step(-by);
  });

  test.each([-HOUR, HOUR])(
    'X-10: set by %i ms in the middle of a round shortens or lengthens no other',
    async (by) => {
      const { sessionKey, params } = await running();
      world.clock.advance(29 * SECOND);
      world.clock.step(by);
      for (const [at, participant] of participants.entries()) {
        participant.socket.send(participant.round(params[at]!, 1, null));
        await participant.socket.settled();
      }
      world.clock.advance(30 * SECOND - 1);
      for (const participant of participants) await participant.socket.settled();
      await coordinator.settled();
      expect(coordinator.received.filter(ofSession(sessionKey))).toEqual([]);
      world.clock.advance(1);
      expect((await outcome(sessionKey)).error).toMatchObject({ code: 'timeout' });
      world.clock.step(-by);
    },
  );

  test('X-10: set back before a restart, it gives no session more than its time', async () => {
    const { sessionKey } = await asked();
    world.clock.advance(60 * SECOND);
    world.clock.step(-HOUR);
    await world.restart();
    coordinator = await world.connect('coordinator', 'coordinator');
    participants = await Promise.all(participants.map((one) => one.again()));
    world.clock.advance(120 * SECOND);
    expect(await coordinator.next('error', ofSession(sessionKey))).toMatchObject({
      code: 'timeout',
    });
    world.clock.step(HOUR);
  });
});
