import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type MadeKey, ofSession, runRounds } from '../support/ceremony.ts';
import { Participant, signPlain } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import type { World } from '../support/world.ts';
import { acceptedSignature, openOfficeWithKey } from '../support/office.ts';

const NAMES = ['alice', 'bob', 'carol'];
const ROUND = 30_000;

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

/** A signature whose last round is out. */
async function revealed(): ReturnType<typeof acceptedSignature> {
  const accepted = await acceptedSignature({ coordinator, participants }, key, digest);
  await runRounds(participants, accepted.params, 3);
  return accepted;
}

async function give(at: number, result: object): Promise<void> {
  const { socket } = participants[at]!;
  socket.send(result);
  await socket.settled();
}

const good = (params: Received[], at: number, signature = signPlain(key, digest)): object =>
  participants[at]!.signResult(params[at]!, signature);

const failed = (params: Received[], at: number, message: string): object => ({
  type: 'sign_result',
  session_key: params[at]!['session_key'],
  part_index: at + 1,
  success: false,
  message,
});

const viewOf = async (sessionKey: string): Promise<Record<string, unknown>> =>
  (await world.rest('GET', `/sessions/${sessionKey}`)).body;

const auditOf = async (sessionKey: string, action: string): Promise<Record<string, unknown>[]> => {
  const { body } = await world.rest('GET', `/audit?subject=${sessionKey}&action=${action}`);
  return body['entries'] as Record<string, unknown>[];
};

describe('the first verified signature', () => {
  test('Y-5: completes the request at once, for the asker and every participant', async () => {
    const { sessionKey, params } = await revealed();
    const signature = signPlain(key, digest);
    participants[1]!.socket.send(good(params, 1, signature));
    const complete = await coordinator.next('sign_complete', ofSession(sessionKey));
    expect(complete).toMatchObject({ success: true, signature, message: 'signed' });
    for (const { socket } of participants) {
      expect(await socket.next('sign_complete', ofSession(sessionKey))).toMatchObject({
        signature,
      });
    }
    await give(0, good(params, 0, signature));
    await give(2, good(params, 2, signature));
    expect(await viewOf(sessionKey)).toMatchObject({
      state: 'completed',
      signature,
      participants: NAMES.map((username) => ({ username, state: 'finished' })),
    });
    expect(await viewOf(sessionKey)).not.toHaveProperty('notes');
    world.clock.advance(ROUND);
    await participants[0]!.socket.settled();
    expect(await auditOf(sessionKey, 'session.note')).toEqual([]);
  });

  test('Y-5: a false result before it is its author’s alone', async () => {
    const { sessionKey, params } = await revealed();
    const lie = `0x${'11'.repeat(64)}1b`;
    await give(0, good(params, 0, lie));
    expect(coordinator.received.filter(ofSession(sessionKey))).toEqual([]);
    const signature = signPlain(key, digest);
    participants[1]!.socket.send(good(params, 1, signature));
    expect(await coordinator.next('sign_complete', ofSession(sessionKey))).toMatchObject({
      success: true,
      signature,
    });
    expect((await viewOf(sessionKey))['notes']).toEqual([
      'alice: the signature does not verify for this address and digest',
    ]);
    expect(await auditOf(sessionKey, 'sign.result')).toContainEqual(
      expect.objectContaining({
        actor: 'alice',
        outcome: 'refused',
        details: expect.objectContaining({ code: 'invalid_result' }),
      }),
    );
  });

  test('Y-5: an abort before it is noted, and the others may still have it', async () => {
    const { sessionKey, params } = await revealed();
    await give(2, failed(params, 2, 'participant_restarted'));
    participants[0]!.socket.send(good(params, 0));
    expect(await coordinator.next('sign_complete', ofSession(sessionKey))).toMatchObject({
      success: true,
    });
    expect((await viewOf(sessionKey))['notes']).toEqual(['carol: participant_restarted']);
  });

  test('Y-5: results that come after it change nothing and are noted with their author', async () => {
    const { sessionKey, params } = await revealed();
    const signature = signPlain(key, digest);
    await give(1, good(params, 1, signature));
    await give(0, good(params, 0, `0x${'22'.repeat(64)}1c`));
    await give(2, failed(params, 2, 'aborted: internal-error'));
    // Once is enough.
    await give(2, failed(params, 2, 'aborted: internal-error'));
    expect(await viewOf(sessionKey)).toMatchObject({
      state: 'completed',
      signature,
      notes: [
        'alice: the signature does not verify for this address and digest',
        'carol: aborted: internal-error',
      ],
    });
    expect(coordinator.received.filter(ofSession(sessionKey)).map(({ type }) => type)).toEqual([
      'sign_complete',
    ]);
    const results = await auditOf(sessionKey, 'sign.result');
    expect(results.map(({ actor, outcome }) => [actor, outcome])).toEqual([
      ['carol', 'ok'],
      ['alice', 'refused'],
      ['bob', 'ok'],
    ]);
  });

  test('Y-5: whoever gives no result of its own in the time of a round is noted', async () => {
    const { sessionKey, params } = await revealed();
    await give(1, good(params, 1));
    world.clock.advance(ROUND - 1);
    await participants[0]!.socket.settled();
    expect(await viewOf(sessionKey)).not.toHaveProperty('notes');
    world.clock.advance(1);
    await participants[0]!.socket.settled();
    expect((await viewOf(sessionKey))['notes']).toEqual(['alice: no result', 'carol: no result']);
    expect(await auditOf(sessionKey, 'session.note')).toMatchObject([
      { details: { participants: ['alice', 'carol'], note: 'no-result' } },
    ]);
  });

  test('Y-5: another signature that verifies is noted, not told as a conflict', async () => {
    const { sessionKey, params } = await revealed();
    const signature = signPlain(key, digest);
    await give(1, good(params, 1, signature));
    const { socket } = participants[0]!;
    socket.send(good(params, 0, signPlain(key, digest, true)));
    await socket.settled();
    expect(await viewOf(sessionKey)).toMatchObject({
      state: 'completed',
      signature,
      notes: ['alice: reported another signature'],
    });
    expect(await auditOf(sessionKey, 'session.note')).toMatchObject([
      { details: { participant: 'alice', note: 'different' } },
    ]);
  });
});

describe('a signature session without a signature', () => {
  test('Y-5: false results of everybody are an unknown outcome that names the first', async () => {
    const { sessionKey, params } = await revealed();
    for (const at of [0, 1, 2]) await give(at, good(params, at, `0x${'33'.repeat(64)}1b`));
    expect(await coordinator.next('error', ofSession(sessionKey))).toMatchObject({
      code: 'unknown_outcome',
      concerned: [{ username: 'alice', part_index: 1 }],
    });
  });

  test('Y-5: a signature that comes after an unknown outcome is shown and noted', async () => {
    const { sessionKey, params } = await revealed();
    world.clock.advance(ROUND);
    expect(await coordinator.next('error', ofSession(sessionKey))).toMatchObject({
      code: 'unknown_outcome',
    });
    const signature = signPlain(key, digest);
    await give(0, good(params, 0, `0x${'44'.repeat(64)}1b`));
    await give(1, failed(params, 1, 'late'));
    expect(await viewOf(sessionKey)).toMatchObject({ signature: null });
    await give(2, good(params, 2, signature));
    expect(await viewOf(sessionKey)).toMatchObject({
      state: 'failed',
      code: 'unknown_outcome',
      signature,
      notes: ['carol: has a signature that came after the end'],
    });
    expect(await auditOf(sessionKey, 'session.note')).toMatchObject([
      { details: { participant: 'carol', note: 'found' } },
    ]);
    await world.restart();
    expect(await viewOf(sessionKey)).toMatchObject({ code: 'unknown_outcome', signature });
  });
});
