import { destroyReasonHash, toHex } from '@quorate/intent';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditVerify } from '../../src/index.ts';
import {
  acceptAll,
  destroyRequest,
  type MadeKey,
  makeKey,
  ofSession,
  signRequest,
} from '../support/ceremony.ts';
import { Participant } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import type { World } from '../support/world.ts';
import { openOffice } from '../support/office.ts';

const NAMES = ['alice', 'bob', 'carol'];

let world: World;
let coordinator: TestSocket;
let holders: Participant[];

beforeAll(async () => {
  ({ world, coordinator, participants: holders } = await openOffice(NAMES, { progress: true }));
});

afterAll(() => world.end());

/** A destruction that everybody has consented to. */
async function consented(): Promise<{ key: MadeKey; sessionKey: string; params: Received[] }> {
  const key = await makeKey(world, coordinator, holders, 2);
  const request = destroyRequest(key, NAMES);
  const sessionKey = String(request['session_key']);
  coordinator.send(request);
  return { key, sessionKey, params: await acceptAll(holders, 'destroy', key, sessionKey) };
}

async function destroyed(at: number, key: MadeKey, params: Received[]): Promise<void> {
  const holder = holders[at]!;
  await holder.destroy(params[at]!);
  holder.socket.send(await holder.destroyResult(params[at]!, key));
  await holder.socket.settled();
}

const viewOf = async (sessionKey: string): Promise<Record<string, unknown>> =>
  (await world.rest('GET', `/sessions/${sessionKey}`)).body;

async function reasonsOf(sessionKey: string): Promise<unknown[]> {
  const participants = (await viewOf(sessionKey))['participants'] as Record<string, unknown>[];
  return participants.map(({ reason }) => reason);
}

const close = (sessionKey: string, as = 'admin', reason = 'the record of bob is damaged') =>
  world.rest('POST', `/sessions/${sessionKey}/close`, { reason }, as);

const mark = (name: string, state: string) => world.rest('PATCH', `/chips/SE-${name}`, { state });

const keyOf = async ({ address }: MadeKey): Promise<[unknown, unknown[]]> => {
  const { body } = await world.rest('GET', `/keys/${address}`);
  const parts = body['holders'] as { record_state: unknown }[];
  return [body['state'], parts.map(({ record_state }) => record_state)];
};

describe('the view of an open destruction', () => {
  test('Z-6: says of every holder why it is waited for', async () => {
    const key = await makeKey(world, coordinator, holders, 2);
    const request = destroyRequest(key, NAMES);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const invite = await holders[0]!.socket.next('destroy_invite', ofSession(sessionKey));
    holders[0]!.socket.send(await holders[0]!.response(invite, key));
    await holders[0]!.socket.settled();
    await holders[2]!.socket.close();
    expect(await reasonsOf(sessionKey)).toEqual([
      undefined,
      'has not consented',
      'has not consented; its agent is not connected',
    ]);
    holders[2] = await holders[2]!.again({ last_seq: 2 ** 50 });
    await world.rest('POST', `/sessions/${sessionKey}/cancel`);
    expect(await reasonsOf(sessionKey)).toEqual([undefined, undefined, undefined]);
  });

  test('Z-6: tells the failure of the last attempt, a chip that is not active, and a lost one too many', async () => {
    const { key, sessionKey, params } = await consented();
    await destroyed(0, key, params);
    holders[1]!.socket.send({
      type: 'destroy_result',
      session_key: sessionKey,
      part_index: 2,
      success: false,
      message: 'chip_refused: the record is damaged',
    });
    await holders[1]!.socket.settled();
    await mark('carol', 'disabled');
    expect(await reasonsOf(sessionKey)).toEqual([
      undefined,
      'the last attempt failed: chip_refused: the record is damaged',
      'its chip SE-carol is disabled, and gets no authorisation',
    ]);
    await mark('carol', 'active');
    expect((await reasonsOf(sessionKey))[2]).toBe('its agent is connected and has not answered');
    for (const name of ['bob', 'carol']) await mark(name, 'lost');
    const tooMany = 'too many chips are gone to prove that the key is destroyed';
    expect((await reasonsOf(sessionKey)).slice(1)).toEqual([
      `its chip SE-bob is lost: ${tooMany}`,
      `its chip SE-carol is lost: ${tooMany}`,
    ]);
    for (const name of ['bob', 'carol']) await mark(name, 'active');
    expect((await close(sessionKey)).status).toBe(200);
  });
});

describe('closing a destruction', () => {
  test('Z-6: ends it as not proven for those who are missing, and the certificate says by whom', async () => {
    const { key, sessionKey, params } = await consented();
    await destroyed(0, key, params);
    await mark('carol', 'lost');
    expect(await keyOf(key)).toEqual(['destroying', ['deleted', 'held', 'held']]);
    expect(await close(sessionKey)).toMatchObject({
      status: 200,
      body: { state: 'completed', code: null },
    });
    expect(await keyOf(key)).toEqual(['destroyed', ['deleted', 'held', 'absent']]);
    expect(await coordinator.next('destroy_complete', ofSession(sessionKey))).toMatchObject({
      success: true,
      message: 'the key was destroyed; no answer from: carol; not proven for: bob',
      parts: [
        { username: 'alice', part_index: 1, outcome: 'deleted' },
        { username: 'carol', part_index: 3, outcome: 'lost' },
      ],
    });
    const { body } = await world.rest('GET', `/audit?subject=${key.address}&action=key.destroyed`);
    expect(body['entries']).toMatchObject([
      {
        details: {
          outcomes: ['deleted', 'unproven', 'lost'],
          closed_by: 'admin',
          close_reason_hash: toHex(destroyReasonHash('the record of bob is damaged')),
        },
      },
    ]);
    const closing = await world.rest('GET', `/audit?subject=${sessionKey}&action=session.close`);
    expect(closing.body['entries']).toMatchObject([
      { actor: 'admin', details: { reason: 'the record of bob is damaged' } },
    ]);
    const checked = auditVerify(await world.exportAudit());
    expect(checked).toMatchObject({ ok: true, destroyed: expect.arrayContaining([key.address]) });
    expect(checked.ok && checked.unproven).toContainEqual({
      address: key.address,
      participants: ['bob'],
      closedBy: 'admin',
    });
    const refused = signRequest(key, ['alice', 'bob'], '11'.repeat(32));
    coordinator.send(refused);
    expect(
      await coordinator.next('error', ofSession(String(refused['session_key']))),
    ).toMatchObject({
      code: 'key_destroyed',
    });
    // A late receipt still proves its part.
    await destroyed(1, key, params);
    expect(await keyOf(key)).toEqual(['destroyed', ['deleted', 'deleted', 'absent']]);
    await mark('carol', 'active');
  });

  test('Z-6: by a message, of a destruction that nobody has proven', async () => {
    await world.rest('POST', '/users', { username: 'boss', roles: ['admin', 'coordinator'] });
    const boss = await world.connect('boss', 'coordinator');
    const { key, sessionKey } = await consented();
    boss.send({ type: 'close_request', session_key: sessionKey, reason: 'all chips are gone' });
    expect(await boss.next('session_state', ofSession(sessionKey))).toMatchObject({
      state: 'completed',
    });
    expect(await coordinator.next('destroy_complete', ofSession(sessionKey))).toMatchObject({
      success: true,
      parts: [],
      message: 'the key was destroyed; not proven for: alice, bob, carol',
    });
    expect(await keyOf(key)).toEqual(['destroyed', ['held', 'held', 'held']]);
    expect(auditVerify(await world.exportAudit())).toMatchObject({ ok: true });
    boss.send({ type: 'close_request', session_key: sessionKey, reason: 'again' });
    expect(await boss.next('session_state', ofSession(sessionKey))).toMatchObject({
      state: 'completed',
    });
  });

  test('Z-6: is an administrator’s, and only of a destruction that everybody consented to', async () => {
    const { key, sessionKey } = await consented();
    expect((await close(sessionKey, 'coordinator')).status).toBe(403);
    coordinator.send({ type: 'close_request', session_key: sessionKey, reason: 'mine' });
    expect(await coordinator.next('error', ofSession(sessionKey))).toMatchObject({
      code: 'forbidden_role',
    });
    expect((await close('nobody-has-this')).body['code']).toBe('unknown_session');
    expect((await close(sessionKey, 'admin', '')).status).toBe(400);
    expect(await keyOf(key)).toEqual(['destroying', ['held', 'held', 'held']]);
    const other = await makeKey(world, coordinator, holders, 2);
    for (const request of [
      signRequest(other, NAMES, '22'.repeat(32)),
      destroyRequest(other, NAMES),
    ]) {
      coordinator.send(request);
      const asked = String(request['session_key']);
      await coordinator.next('session_state', ofSession(asked));
      expect(await close(asked)).toMatchObject({ status: 409, body: { code: 'wrong_state' } });
      await world.rest('POST', `/sessions/${asked}/cancel`);
    }
    expect((await close(sessionKey)).status).toBe(200);
  });

  test('Z-6: survives a restart', async () => {
    const { key, sessionKey } = await consented();
    await close(sessionKey);
    await world.restart();
    expect(await viewOf(sessionKey)).toMatchObject({ state: 'completed' });
    expect((await keyOf(key))[0]).toBe('destroyed');
  });
});
