import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  acceptAll,
  destroyRequest,
  factsOf,
  keygenRequest,
  type MadeKey,
  makeKey,
  ofSession,
  runRounds,
  signRequest,
} from '../support/ceremony.ts';
import { Participant, plainKey, signPlain } from '../support/participant.ts';
import type { TestSocket } from '../support/socket.ts';
import type { World } from '../support/world.ts';
import { acceptedSignature, openOfficeWithKey } from '../support/office.ts';

const NAMES = ['alice', 'bob', 'carol'];

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

/** A socket of another user who may ask; the key is granted to it. */
async function asker(username: string, granted = key.address): Promise<TestSocket> {
  const made = await world.rest('POST', '/users', { username, roles: ['coordinator'] });
  expect(made.status).toBe(201);
  if (granted !== '') {
    expect((await world.rest('POST', `/keys/${granted}/grants`, { username })).status).toBe(201);
  }
  return world.connect(username, 'coordinator');
}

async function signing(from = coordinator): Promise<string> {
  const request = signRequest(key, NAMES, digest);
  const sessionKey = String(request['session_key']);
  from.send(request);
  await participants[0]!.socket.next('sign_invite', ofSession(sessionKey));
  return sessionKey;
}

const running = (from = coordinator): ReturnType<typeof acceptedSignature> =>
  acceptedSignature({ coordinator: from, participants }, key, digest);

const cancel = (sessionKey: string, as = 'coordinator') =>
  world.rest('POST', `/sessions/${sessionKey}/cancel`, undefined, as);

const viewOf = async (sessionKey: string): Promise<Record<string, unknown>> =>
  (await world.rest('GET', `/sessions/${sessionKey}`)).body;

const auditOf = async (sessionKey: string, action: string): Promise<Record<string, unknown>[]> => {
  const { body } = await world.rest('GET', `/audit?subject=${sessionKey}&action=${action}`);
  return body['entries'] as Record<string, unknown>[];
};

describe('cancelling', () => {
  test('Y-7: the asker cancels an invitation by a message; everybody is told, in the words that they know', async () => {
    const sessionKey = await signing();
    coordinator.send({ type: 'cancel_request', session_key: sessionKey });
    expect(await coordinator.next('error', ofSession(sessionKey))).toMatchObject({
      code: 'cancelled',
      details: 'cancelled by coordinator',
      concerned: [],
    });
    expect(await coordinator.next('sign_complete', ofSession(sessionKey))).toMatchObject({
      success: false,
      signature: '',
    });
    expect(await coordinator.next('session_state', ofSession(sessionKey))).toMatchObject({
      state: 'failed',
      seq: expect.any(Number),
    });
    for (const { socket } of participants) {
      expect(await socket.next('error', ofSession(sessionKey))).toMatchObject({
        code: 'aborted',
        details: 'cancelled by coordinator',
        abort: { reason: 'cancelled', culprits: [] },
      });
    }
    expect(await auditOf(sessionKey, 'session.cancel')).toMatchObject([
      { actor: 'coordinator', outcome: 'ok', details: { kind: 'sign' } },
    ]);
    expect(await viewOf(sessionKey)).toMatchObject({ state: 'failed', code: 'cancelled' });
  });

  test('Y-7: an administrator cancels a running session of somebody else', async () => {
    const { sessionKey, params } = await running();
    await runRounds(participants, params, 2);
    expect(await cancel(sessionKey, 'admin')).toMatchObject({
      status: 200,
      body: { state: 'failed', code: 'cancelled', message: 'cancelled by admin' },
    });
    expect(await coordinator.next('error', ofSession(sessionKey))).toMatchObject({
      code: 'cancelled',
    });
    const [alice] = participants;
    alice!.socket.send(alice!.round(params[0]!, 3, null));
    expect(await alice!.socket.next('error', (error) => error['seq'] === undefined)).toMatchObject({
      code: 'wrong_state',
    });
  });

  test('Y-7: once the last round is out the outcome is unknown, and says that it was cancelled', async () => {
    const { sessionKey, params } = await running();
    await runRounds(participants, params, 2);
    participants[0]!.socket.send(participants[0]!.round(params[0]!, 3, null));
    await participants[0]!.socket.settled();
    const { body } = await cancel(sessionKey);
    expect(body).toMatchObject({ state: 'failed', code: 'unknown_outcome' });
    expect(body['message']).toContain('cancelled by coordinator');
    for (const { socket } of participants) {
      expect(await socket.next('error', ofSession(sessionKey))).toMatchObject({
        code: 'unknown_outcome',
      });
    }
  });

  test('Y-7: is nobody else’s to do, and tells them nothing', async () => {
    const other = await asker('other');
    const sessionKey = await signing();
    other.send({ type: 'cancel_request', session_key: sessionKey });
    expect(await other.next('error', ofSession(sessionKey))).toMatchObject({
      code: 'unknown_session',
    });
    expect((await cancel(sessionKey, 'other')).body['code']).toBe('unknown_session');
    expect((await cancel('nobody-has-this', 'admin')).body['code']).toBe('unknown_session');
    expect((await cancel(sessionKey, 'alice')).status).toBe(403);
    const { socket } = participants[0]!;
    socket.send({ type: 'cancel_request', session_key: sessionKey, cseq: 1 });
    const refused = await socket.next('error', (error) => error['cseq'] === 1);
    expect(refused).toMatchObject({ code: 'forbidden_role', session_key: sessionKey });
    expect((await viewOf(sessionKey))['state']).toBe('invited');
    await cancel(sessionKey);
  });

  test('Y-7: cancelling again, or what has ended, gives the state that holds and changes nothing', async () => {
    const { sessionKey, params } = await running();
    await runRounds(participants, params, 3);
    const signature = signPlain(key, digest);
    for (const at of [0, 1, 2]) {
      participants[at]!.socket.send(participants[at]!.signResult(params[at]!, signature));
    }
    await coordinator.next('sign_complete', ofSession(sessionKey));
    expect(await cancel(sessionKey)).toMatchObject({
      status: 200,
      body: { state: 'completed', signature, code: null },
    });
    const again = await signing();
    expect((await cancel(again)).body).toMatchObject({ code: 'cancelled' });
    expect((await cancel(again, 'admin')).body).toMatchObject({
      code: 'cancelled',
      message: 'cancelled by coordinator',
    });
    coordinator.send({ type: 'cancel_request', session_key: sessionKey });
    expect(await coordinator.next('session_state', ofSession(sessionKey))).toMatchObject({
      state: 'completed',
    });
    expect(await auditOf(sessionKey, 'session.cancel')).toEqual([]);
  });

  test('Y-7: a key generation leaves the records that were stored to be deleted', async () => {
    const request = keygenRequest(NAMES, 2);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const facts = factsOf(world, NAMES);
    const params = await acceptAll(participants, 'keygen', facts, sessionKey);
    await runRounds(participants, params, 1);
    participants[0]!.socket.send(participants[0]!.keygenResult(params[0]!, plainKey()));
    await participants[0]!.socket.settled();
    expect((await cancel(sessionKey)).body).toMatchObject({ code: 'cancelled', address: null });
    expect(await coordinator.next('keygen_complete', ofSession(sessionKey))).toMatchObject({
      success: false,
    });
    expect(
      await participants[0]!.socket.next('orphan_notice', ofSession(sessionKey)),
    ).toMatchObject({
      part_index: 1,
    });
  });

  test('Y-7: a destruction is cancelled until everybody has consented, and not after that', async () => {
    const made = await makeKey(world, coordinator, participants, 2);
    const first = destroyRequest(made, NAMES);
    coordinator.send(first);
    const sessionKey = String(first['session_key']);
    const invite = await participants[0]!.socket.next('destroy_invite', ofSession(sessionKey));
    participants[0]!.socket.send(await participants[0]!.response(invite, made));
    await participants[0]!.socket.settled();
    expect((await cancel(sessionKey)).body).toMatchObject({ code: 'cancelled' });
    expect((await world.rest('GET', `/keys/${made.address}`)).body['state']).toBe('active');
    const second = destroyRequest(made, NAMES);
    coordinator.send(second);
    await acceptAll(participants, 'destroy', made, String(second['session_key']));
    const refused = await cancel(String(second['session_key']), 'admin');
    expect(refused).toMatchObject({ status: 409, body: { code: 'wrong_state' } });
    expect(refused.body['detail']).toContain('every holder has consented');
    expect((await viewOf(String(second['session_key'])))['state']).toBe('running');
  });
});

describe('a right that is lost', () => {
  const change = (username: string, body: object) =>
    world.rest('PATCH', `/users/${username}`, body);

  test.each([
    ['disabled', { state: 'disabled' }],
    ['no longer a coordinator', { roles: ['auditor'] }],
  ])(
    'Y-7: ends every open session of an asker who is %s, before the answer',
    async (name, body) => {
      const username = `gone-${name.length}`;
      const socket = await asker(username);
      const invited = await signing(socket);
      const { sessionKey: inRounds, params } = await running(socket);
      await runRounds(participants, params, 2);
      const mine = await signing();
      expect((await change(username, body)).status).toBe(200);
      for (const sessionKey of [invited, inRounds]) {
        expect(await viewOf(sessionKey)).toMatchObject({
          state: 'failed',
          code: 'cancelled',
          message: `${username} may no longer ask`,
        });
        for (const participant of participants) {
          const error = await participant.socket.next('error', ofSession(sessionKey));
          expect(error).toMatchObject({ code: 'aborted', abort: { reason: 'cancelled' } });
        }
      }
      expect((await viewOf(mine))['state']).toBe('invited');
      await cancel(mine);
    },
  );

  test('Y-7: does not hide that somebody may hold the signature', async () => {
    const socket = await asker('gone-late');
    const { sessionKey, params } = await running(socket);
    await runRounds(participants, params, 3);
    await change('gone-late', { state: 'disabled' });
    expect(await viewOf(sessionKey)).toMatchObject({
      code: 'unknown_outcome',
      message: 'gone-late may no longer ask',
    });
  });

  test('Y-7: a grant that is taken back ends what it had allowed, and nothing else', async () => {
    const socket = await asker('granted');
    const other = await asker('granted-too');
    const theirs = await signing(socket);
    const others = await signing(other);
    const mine = await signing();
    const path = `/keys/${key.address}/grants`;
    expect((await world.rest('DELETE', `${path}/granted`)).status).toBe(200);
    expect(await viewOf(theirs)).toMatchObject({
      code: 'cancelled',
      message: 'granted may no longer use this key',
    });
    expect((await viewOf(others))['state']).toBe('invited');
    expect((await viewOf(mine))['state']).toBe('invited');
    // The creator of a key needs no grant.
    await world.rest('POST', path, { username: 'coordinator' });
    await world.rest('DELETE', `${path}/coordinator`);
    expect((await viewOf(mine))['state']).toBe('invited');
    for (const sessionKey of [others, mine]) await cancel(sessionKey, 'admin');
  });

  test('Y-7: a participant who is disabled takes part in nothing that is open', async () => {
    const dave = await world.addPerson('dave');
    const socket = await Participant.connect(world, dave.username);
    const request = keygenRequest(['alice', 'dave'], 2);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    await socket.socket.next('keygen_invite', ofSession(sessionKey));
    const theirs = await signing();
    await change('dave', { state: 'disabled' });
    expect(await coordinator.next('error', ofSession(sessionKey))).toMatchObject({
      code: 'cancelled',
      concerned: [{ username: 'dave', part_index: 2 }],
    });
    expect((await viewOf(theirs))['state']).toBe('invited');
    await cancel(theirs);
  });

  test('Y-7: a destruction that everybody consented to goes on without its asker', async () => {
    const socket = await asker('destroyer', '');
    const made = await makeKey(world, socket, participants, 2);
    const request = destroyRequest(made, NAMES);
    socket.send(request);
    await acceptAll(participants, 'destroy', made, String(request['session_key']));
    await change('destroyer', { state: 'disabled' });
    expect((await viewOf(String(request['session_key'])))['state']).toBe('running');
  });

  test('Y-7: an administrator who is none any more no longer asks to destroy the keys of others', async () => {
    await world.rest('POST', '/users', { username: 'boss', roles: ['admin', 'coordinator'] });
    const socket = await world.connect('boss', 'coordinator');
    const request = destroyRequest(key, NAMES);
    const sessionKey = String(request['session_key']);
    socket.send(request);
    await participants[0]!.socket.next('destroy_invite', ofSession(sessionKey));
    await change('boss', { roles: ['coordinator'] });
    expect(await viewOf(sessionKey)).toMatchObject({
      code: 'cancelled',
      message: 'boss may no longer use this key',
    });
  });
});
