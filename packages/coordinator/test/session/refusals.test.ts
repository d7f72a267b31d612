import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  acceptAll,
  factsOf,
  freshKey,
  keygenRequest,
  type MadeKey,
  makeKey,
  sendSignatures,
  signRequest,
} from '../support/ceremony.ts';
import { Participant, plainKey, signPlain } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import { openWorld, type World } from '../support/world.ts';

const NAMES = ['alice', 'bob', 'carol'];
/** q of secp256k1. */
const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';

let world: World;
let coordinator: TestSocket;
let participants: Participant[];
let stranger: Participant;
let key: MadeKey;
let digest: string;

beforeAll(async () => {
  world = await openWorld([...NAMES, 'mallory']);
  coordinator = await world.connect('coordinator', 'coordinator');
  participants = await Promise.all(NAMES.map((name) => Participant.connect(world, name)));
  stranger = await Participant.connect(world, 'mallory');
  key = await makeKey(world, coordinator, participants, 2);
});

afterAll(() => world.end());

beforeEach(() => {
  digest = randomBytes(32).toString('hex');
});

const two = (): [Participant, Participant] => [participants[0]!, participants[2]!];
const namesOf = (some: readonly Participant[]): string[] =>
  some.map(({ person }) => person.username);

async function refused(socket: TestSocket, message: object): Promise<Received> {
  const sessionKey = (message as Record<string, unknown>)['session_key'];
  socket.send(message);
  return socket.next('error', (error) => error['session_key'] === sessionKey);
}

/** A session in which the parameters have been handed out. */
async function running(): Promise<{
  sessionKey: string;
  params: Received[];
  signers: Participant[];
}> {
  const signers = two();
  const request = signRequest(key, namesOf(signers), digest);
  coordinator.send(request);
  const sessionKey = String(request['session_key']);
  return { sessionKey, signers, params: await acceptAll(signers, 'sign', key, sessionKey) };
}

async function completes(sessionKey: string, params: Received[]): Promise<void> {
  sendSignatures(key, two(), params, digest);
  const complete = await coordinator.next('sign_complete', (m) => m['session_key'] === sessionKey);
  expect(complete['success']).toBe(true);
}

async function failsWith(
  code: string,
  sessionKey: string,
  whom: readonly Participant[],
): Promise<Received> {
  const of = (message: Received): boolean => message['session_key'] === sessionKey;
  for (const { socket } of whom) expect(await socket.next('error', of)).toMatchObject({ code });
  const error = await coordinator.next('error', of);
  expect(error).toMatchObject({ code, seq: expect.any(Number) });
  const complete = (m: Received): boolean => of(m) && m['success'] === false;
  const kind = coordinator.received.find(complete)?.type ?? 'sign_complete';
  await coordinator.next(kind, complete);
  return error;
}

describe('1.9.1 nothing malformed stops anything', () => {
  test.each([
    [
      'an unknown session_key',
      { type: 'sign_result', part_index: 1, success: false, message: '' },
      'unknown_session',
    ],
    [
      'an index out of range',
      { type: 'keygen_response', part_index: 33, cpic: '', accept: false, reason: 'x' },
      'invalid_message',
    ],
    [
      'index zero',
      { type: 'keygen_response', part_index: 0, cpic: '', accept: false, reason: 'x' },
      'invalid_message',
    ],
    ['a missing field', { type: 'sign_response', part_index: 1 }, 'invalid_message'],
    [
      'an unknown field',
      { type: 'sign_result', part_index: 1, success: false, message: '', admin: true },
      'invalid_message',
    ],
  ])('1.9.1 %s is an error to its sender and a live session goes on', async (_, message, code) => {
    const { sessionKey, params } = await running();
    const error = await refused(stranger.socket, { ...message, session_key: freshKey('none') });
    expect(error).toMatchObject({ code });
    await completes(sessionKey, params);
  });
});

describe('1.9.2 roles', () => {
  test('1.9.2 a participant starts neither a key generation nor a signature', async () => {
    const [alice] = participants;
    const asks = [keygenRequest(NAMES, 2), signRequest(key, ['alice', 'bob'], digest)];
    for (const ask of asks) {
      expect(await refused(alice!.socket, ask)).toMatchObject({ code: 'forbidden_role' });
      const { status } = await world.rest('GET', `/sessions/${String(ask['session_key'])}`);
      expect(status).toBe(404);
    }
  });

  test('1.9.2 a coordinator connection sends nothing that is reserved to participants', async () => {
    const { sessionKey, params } = await running();
    const result = participants[0]!.signResult(params[0]!, signPlain(key, digest));
    expect(await refused(coordinator, result)).toMatchObject({ code: 'forbidden_role' });
    await completes(sessionKey, params);
  });
});

describe('1.9.3 the sender of every message is compared with the index in it', () => {
  test.each(['sign_response', 'round', 'sign_result', 'chip_challenge'])(
    '1.9.3 %s in the name of another party is refused and changes nothing',
    async (type) => {
      const signers = two();
      const request = signRequest(key, namesOf(signers), digest);
      const sessionKey = String(request['session_key']);
      coordinator.send(request);
      const [alice, carol] = signers;
      const forged = async (params: Received): Promise<object> => {
        switch (type) {
          case 'round':
            return { ...carol.round(params, 1, null), from: params['part_index'] };
          case 'sign_result':
            return carol.signResult(params, signPlain(plainKey(), digest));
          case 'chip_challenge':
            return {
              type,
              session_key: sessionKey,
              part_index: params['part_index'],
              chip_challenge: randomBytes(16).toString('base64'),
            };
          default:
            return { ...(await carol.response(params, key)), part_index: params['part_index'] };
        }
      };
      if (type === 'sign_response') {
        const invite = await alice.socket.next(
          'sign_invite',
          (m) => m['session_key'] === sessionKey,
        );
        const message = await forged(invite);
        expect(await refused(carol.socket, message)).toMatchObject({ code: 'sender_mismatch' });
        alice.socket.send(await alice.response(invite, key));
        const own = await carol.socket.next('sign_invite', (m) => m['session_key'] === sessionKey);
        carol.socket.send(await carol.response(own, key));
        const params = await Promise.all(
          signers.map(({ socket }) =>
            socket.next('sign_params', (m) => m['session_key'] === sessionKey),
          ),
        );
        return completes(sessionKey, params);
      }
      const params = await acceptAll(signers, 'sign', key, sessionKey);
      expect(await refused(carol.socket, await forged(params[0]!))).toMatchObject({
        code: 'sender_mismatch',
      });
      expect(await refused(stranger.socket, await forged(params[0]!))).toMatchObject({
        code: 'unknown_session',
      });
      await completes(sessionKey, params);
    },
  );
});

describe('1.9.4 a session_key is used once', () => {
  test('1.9.4 another request under the key of a live session touches nothing', async () => {
    const { sessionKey, params } = await running();
    const other = signRequest(key, ['alice', 'bob'], digest, sessionKey);
    expect(await refused(coordinator, other)).toMatchObject({ code: 'session_key_conflict' });
    expect(await refused(coordinator, keygenRequest(NAMES, 2, sessionKey))).toMatchObject({
      code: 'session_key_conflict',
    });
    await completes(sessionKey, params);
  });

  test('the same request again is answered with the state, and with the completion once it is over', async () => {
    const { sessionKey, params } = await running();
    const again = signRequest(key, namesOf(two()), digest, sessionKey);
    coordinator.send(again);
    const of = (m: Received): boolean => m['session_key'] === sessionKey;
    expect(await coordinator.next('session_state', of)).toMatchObject({
      state: 'running',
      waiting_for: [
        { username: 'alice', part_index: 1, for: 'round' },
        { username: 'carol', part_index: 3, for: 'round' },
      ],
    });
    await completes(sessionKey, params);
    coordinator.send(again);
    expect(await coordinator.next('sign_complete', of)).toMatchObject({ success: true });
  });

  test('J-6 the same request twice in one tick makes one session', async () => {
    const request = signRequest(key, namesOf(two()), digest);
    const sessionKey = String(request['session_key']);
    coordinator.send([request, request]);
    await coordinator.next('session_state', (m) => m['session_key'] === sessionKey);
    const params = await acceptAll(two(), 'sign', key, sessionKey);
    await completes(sessionKey, params);
    const invites = participants[0]!.socket.received.filter(
      (m) => m.type === 'sign_invite' && m['session_key'] === sessionKey,
    );
    expect(invites).toHaveLength(1);
  });
});

describe('requests that do not fit', () => {
  test.each([
    ['1.9.7 a threshold above the number of parts', { threshold: 4 }, 'invalid_threshold'],
    ['fewer participants than parts', { participants: ['alice', 'bob'] }, 'invalid_participants'],
    [
      '1.9.14 a participant named twice',
      { participants: ['alice', 'bob', 'alice'] },
      'invalid_participants',
    ],
    [
      'an unknown participant',
      { participants: ['alice', 'bob', 'nobody'] },
      'invalid_participants',
    ],
    [
      'a participant without that role',
      { participants: ['alice', 'bob', 'coordinator'] },
      'invalid_participants',
    ],
  ])('a key generation with %s is refused', async (_, change, code) => {
    const request = { ...keygenRequest(NAMES, 2), ...change };
    expect(await refused(coordinator, request)).toMatchObject({ code });
  });

  test.each([
    ['1.9.7 one signer too few', { participants: ['alice'] }, 'invalid_message'],
    ['another threshold than the key has', { threshold: 3 }, 'key_mismatch'],
    ['another number of parts than the key has', { total_parts: 4 }, 'key_mismatch'],
    ['a signer named twice', { participants: ['alice', 'alice'] }, 'invalid_participants'],
    ['a signer that holds no shard', { participants: ['alice', 'mallory'] }, 'not_a_holder'],
    ['a zero digest', { data: '00'.repeat(32) }, 'zero_digest'],
    ['W-18: a digest of the group order', { data: `0x${ORDER}` }, 'zero_digest'],
    ['an unknown address', { address: plainKey().address }, 'unknown_key'],
    [
      'a payload that hashes to something else',
      { payload: { kind: 'eip191', message: 'hello' } },
      'digest_mismatch',
    ],
    [
      'a payload that is none',
      { payload: { kind: 'eip1559', transaction: {} } },
      'invalid_payload',
    ],
  ])('a signature with %s is refused', async (_, change, code) => {
    const request = { ...signRequest(key, ['alice', 'bob'], digest), ...change };
    expect(await refused(coordinator, request)).toMatchObject({ code });
  });

  test('1.9.7 with a threshold of three, two signers are refused and three are invited', async () => {
    const strict = await makeKey(world, coordinator, participants, 3);
    const few = signRequest(strict, ['alice', 'bob'], digest);
    expect(await refused(coordinator, few)).toMatchObject({ code: 'invalid_threshold' });
    const enough = signRequest(strict, NAMES, digest);
    coordinator.send(enough);
    const params = await acceptAll(participants, 'sign', strict, String(enough['session_key']));
    expect(params.map((own) => own['parties'])).toEqual(['1,2,3', '1,2,3', '1,2,3']);
    sendSignatures(strict, participants, params, digest);
    await coordinator.next('sign_complete', (m) => m['success'] === true);
  });

  test('only the creator of a key and those it was granted ask for its signatures', async () => {
    await world.rest('POST', '/users', { username: 'other', roles: ['coordinator'] });
    const other = await world.connect('other', 'coordinator');
    const ask = signRequest(key, namesOf(two()), digest);
    expect(await refused(other, ask)).toMatchObject({ code: 'forbidden_key' });
    await world.rest('POST', `/keys/${key.address}/grants`, { username: 'other' });
    const again = signRequest(key, namesOf(two()), digest);
    other.send(again);
    const params = await acceptAll(two(), 'sign', key, String(again['session_key']));
    sendSignatures(key, two(), params, digest);
    expect(await other.next('sign_complete')).toMatchObject({ success: true });
    await world.rest('DELETE', `/keys/${key.address}/grants/other`);
    const late = signRequest(key, namesOf(two()), digest);
    expect(await refused(other, late)).toMatchObject({ code: 'forbidden_key' });
    await other.close();
  });

  test('a threshold below half of the parts is allowed, and said', async () => {
    const names = [...NAMES, 'dave', 'erin'];
    await world.addPerson('dave');
    await world.addPerson('erin');
    const all = [
      ...participants,
      await Participant.connect(world, 'dave'),
      await Participant.connect(world, 'erin'),
    ];
    const request = keygenRequest(names, 2);
    coordinator.send(request);
    const sessionKey = String(request['session_key']);
    const params = await acceptAll(all, 'keygen', factsOf(world, names), sessionKey);
    const made = plainKey();
    for (const [at, participant] of all.entries()) {
      participant.socket.send(participant.keygenResult(params[at]!, made));
    }
    const complete = await coordinator.next(
      'keygen_complete',
      (m) => m['session_key'] === sessionKey,
    );
    expect(complete['message']).toContain('the threshold is below half of the parts');
    const { body } = await world.rest('GET', '/audit?action=keygen.request&limit=1');
    expect(JSON.stringify(body)).toContain('the threshold is below half of the parts');
  });
});

describe('1.9.5 the chip that holds the shard', () => {
  test('1.9.5 no invitation goes out when the chip of a shard is lost, even if its holder has another', async () => {
    const person = await world.addPerson('frank');
    const frank = await Participant.connect(world, 'frank');
    const made = await makeKey(world, coordinator, [participants[0]!, frank], 2);
    const first = signRequest(made, ['alice', 'frank'], digest);
    coordinator.send(first);
    const invite = await frank.socket.next('sign_invite');
    expect(invite['se_id']).toBe(person.seId);
    frank.socket.send({
      type: 'sign_response',
      session_key: first['session_key'],
      part_index: 2,
      cpic: '',
      accept: false,
      reason: 'later',
    });
    await failsWith('participant_declined', String(first['session_key']), [
      participants[0]!,
      frank,
    ]);
    await world.rest('PATCH', `/chips/${person.seId}`, { state: 'lost' });
    const second = signRequest(made, ['alice', 'frank'], digest);
    expect(await refused(coordinator, second)).toMatchObject({ code: 'chip_unavailable' });
  });

  test('a chip that is lost between invitation and parameters releases nothing', async () => {
    const person = await world.addPerson('grace');
    const grace = await Participant.connect(world, 'grace');
    const made = await makeKey(world, coordinator, [participants[0]!, grace], 2);
    const request = signRequest(made, ['alice', 'grace'], digest);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const of = (m: Received): boolean => m['session_key'] === sessionKey;
    const theirs = await grace.socket.next('sign_invite', of);
    grace.socket.send(await grace.response(theirs, made));
    await grace.socket.settled();
    await world.rest('PATCH', `/chips/${person.seId}`, { state: 'lost' });
    const mine = await participants[0]!.socket.next('sign_invite', of);
    participants[0]!.socket.send(await participants[0]!.response(mine, made));
    await failsWith('chip_unavailable', sessionKey, [participants[0]!, grace]);
    expect(participants[0]!.socket.received.some((m) => m.type === 'sign_params' && of(m))).toBe(
      false,
    );
  });
});

describe('answers', () => {
  test('1.9.8 everybody is told who declined and why', async () => {
    const request = signRequest(key, namesOf(two()), digest);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    await two()[1].socket.next('sign_invite', (m) => m['session_key'] === sessionKey);
    two()[1].socket.send({
      type: 'sign_response',
      session_key: sessionKey,
      part_index: 3,
      cpic: two()[1].person.cpic,
      accept: false,
      reason: 'not today',
    });
    const error = await failsWith('participant_declined', sessionKey, two());
    expect(error['concerned']).toEqual([{ username: 'carol', part_index: 3 }]);
    expect(error['details']).toContain('not today');
  });

  test('a response with the cpic of another chip ends the session as chip_mismatch', async () => {
    const request = signRequest(key, namesOf(two()), digest);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const [alice, carol] = two();
    const invite = await alice.socket.next('sign_invite', (m) => m['session_key'] === sessionKey);
    alice.socket.send({ ...(await alice.response(invite, key)), cpic: carol.person.cpic });
    await failsWith('chip_mismatch', sessionKey, two());
  });

  test.each([
    ['for another operation', { operation: 'destroy' as const }],
    ['for another session', { sessionKey: 'another' }],
    ['for another index', { partIndex: 2 }],
    ['for another digest', { digest: '11'.repeat(32) }],
    ['for another intent', { intent: new Uint8Array(32).fill(7) }],
    ['that has expired', { notAfter: 1 }],
    ['that is valid for too long', { notAfter: 4_102_444_800_000 }],
    ['X-4: with an X25519 key of small order', { x25519: new Uint8Array(32) }],
    ['X-4: with an Ed25519 key that is the identity', { ed25519: new Uint8Array(32).with(0, 1) }],
  ])('a certificate %s ends the session as invalid_certificate', async (_, change) => {
    const request = signRequest(key, namesOf(two()), digest);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const [alice] = two();
    const invite = await alice.socket.next('sign_invite', (m) => m['session_key'] === sessionKey);
    const answer = await alice.response(invite, key);
    const certificate = await alice.certify(invite, key, change);
    alice.socket.send({ ...answer, session_certificate: certificate });
    await failsWith('invalid_certificate', sessionKey, two());
  });

  test('a certificate of another chip ends the session as chip_mismatch', async () => {
    const request = signRequest(key, namesOf(two()), digest);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const [alice, carol] = two();
    const invite = await alice.socket.next('sign_invite', (m) => m['session_key'] === sessionKey);
    const foreign = await carol.certify(invite, key);
    alice.socket.send({ ...(await alice.response(invite, key)), session_certificate: foreign });
    await failsWith('chip_mismatch', sessionKey, two());
  });

  test('a second, different acceptance is refused and the first one counts', async () => {
    const request = signRequest(key, namesOf(two()), digest);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const [alice, carol] = two();
    const of = (m: Received): boolean => m['session_key'] === sessionKey;
    const invite = await alice.socket.next('sign_invite', of);
    const first = await alice.response(invite, key);
    alice.socket.send([first, first]);
    const second = await alice.response(invite, key);
    expect(await refused(alice.socket, second)).toMatchObject({ code: 'conflicting_message' });
    carol.socket.send(await carol.response(await carol.socket.next('sign_invite', of), key));
    const params = await Promise.all(two().map(({ socket }) => socket.next('sign_params', of)));
    const peers = params[0]!['peers'] as { session_certificate: string }[];
    expect(peers[0]!.session_certificate).toBe(first['session_certificate']);
    await completes(sessionKey, params);
  });

  test('an acceptance again with another challenge of the chip is no repetition', async () => {
    const request = signRequest(key, namesOf(two()), digest);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const [alice, carol] = two();
    const of = (m: Received): boolean => m['session_key'] === sessionKey;
    const first = await alice.response(await alice.socket.next('sign_invite', of), key);
    alice.socket.send(first);
    const challenge = randomBytes(16).toString('base64');
    const again = { ...first, chip_challenge: challenge };
    expect(await refused(alice.socket, again)).toMatchObject({ code: 'conflicting_message' });
    carol.socket.send(await carol.response(await carol.socket.next('sign_invite', of), key));
    const params = await Promise.all(two().map(({ socket }) => socket.next('sign_params', of)));
    expect(params[0]!['chip_challenge']).toBe(first['chip_challenge']);
    // After a renewal the consent is still the one that was given.
    const renewed = randomBytes(16).toString('base64');
    alice.socket.send({
      type: 'chip_challenge',
      session_key: sessionKey,
      part_index: 1,
      chip_challenge: renewed,
    });
    await alice.socket.next('chip_authorisation', of);
    alice.socket.send(first);
    await alice.socket.settled();
    expect(alice.socket.received.filter((m) => of(m) && m.type === 'error')).toHaveLength(1);
    await completes(sessionKey, params);
  });

  test('a participant that restarted says so, and everybody hears it', async () => {
    const { sessionKey, params, signers } = await running();
    signers[0]!.socket.send({
      type: 'sign_result',
      session_key: sessionKey,
      part_index: params[0]!['part_index'],
      success: false,
      signature: '',
      message: 'participant_restarted',
    });
    await failsWith('participant_restarted', sessionKey, signers);
  });

  test('X-3: whose thread stood still is named to the asker; a participant of the first version hears that it is over', async () => {
    const { sessionKey, params, signers } = await running();
    const said = 'thread_stopped: the protocol thread did not answer';
    signers[0]!.socket.send({
      type: 'sign_result',
      session_key: sessionKey,
      part_index: params[0]!['part_index'],
      success: false,
      signature: '',
      message: said,
    });
    const of = (m: Received): boolean => m['session_key'] === sessionKey;
    expect(await coordinator.next('error', of)).toMatchObject({
      code: 'thread_stopped',
      details: `alice: ${said} (alice)`,
      concerned: [{ username: 'alice', part_index: 1 }],
    });
    expect(await signers[1]!.socket.next('error', of)).toMatchObject({
      code: 'aborted',
      abort: { reason: 'thread_stopped' },
    });
  });
});

describe('rounds', () => {
  test('R-7 a repeated message is not relayed again, a different one for its slot is refused', async () => {
    const { sessionKey, params, signers } = await running();
    const [alice, carol] = signers;
    const first = alice!.round(params[0]!, 1, null);
    alice!.socket.send([first, first]);
    const other = { ...first, body: randomBytes(200).toString('base64') };
    expect(await refused(alice!.socket, other)).toMatchObject({ code: 'conflicting_message' });
    await carol!.socket.settled();
    const relayed = carol!.socket.received.filter(
      (m) => m.type === 'round' && m['session_key'] === sessionKey,
    );
    expect(relayed.map((m) => m['body'])).toEqual([first['body']]);
    await completes(sessionKey, params);
  });

  test.each([
    ['to oneself', { to: 1 }, 'invalid_message'],
    ['to a holder that does not sign', { to: 2 }, 'invalid_message'],
    ['of a round that the protocol does not have', { round: 4 }, 'invalid_message'],
    [
      'with a body above the limit for everyone',
      { body: 'A'.repeat(8 * 1024 + 4) },
      'invalid_message',
    ],
    ['without a signature', { signature: '' }, 'invalid_message'],
  ])('a round %s is refused and the session goes on', async (_, change, code) => {
    const { sessionKey, params, signers } = await running();
    const message = { ...signers[0]!.round(params[0]!, 1, null), ...change };
    expect(await refused(signers[0]!.socket, message)).toMatchObject({ code });
    await completes(sessionKey, params);
  });

  test('R-6 a round before everybody has spoken in the one before is refused', async () => {
    const { sessionKey, params, signers } = await running();
    const [alice, carol] = signers;
    for (const round of [2, 3]) {
      const early = alice!.round(params[0]!, round, null);
      expect(await refused(alice!.socket, early)).toMatchObject({ code: 'wrong_state' });
    }
    alice!.socket.send(alice!.round(params[0]!, 1, null));
    const early = alice!.round(params[0]!, 2, null);
    expect(await refused(alice!.socket, early)).toMatchObject({ code: 'wrong_state' });
    carol!.socket.send(carol!.round(params[1]!, 1, null));
    carol!.socket.send(carol!.round(params[1]!, 2, null));
    await carol!.socket.settled();
    const of = (m: Received): boolean => m.type === 'round' && m['session_key'] === sessionKey;
    await alice!.socket.next('round', (m) => of(m) && m['round'] === 2);
    const heard = carol!.socket.received.filter(of);
    expect(heard.map((m) => m['round'])).toEqual([1]);
    await completes(sessionKey, params);
  });

  test('a round before everybody has accepted is refused', async () => {
    const request = signRequest(key, namesOf(two()), digest);
    coordinator.send(request);
    const [alice] = two();
    const of = (m: Received): boolean => m['session_key'] === request['session_key'];
    const invite = await alice.socket.next('sign_invite', of);
    const early = alice.round(invite, 1, null);
    expect(await refused(alice.socket, early)).toMatchObject({ code: 'wrong_state' });
    const params = await (async () => {
      alice.socket.send(await alice.response(invite, key));
      const carol = two()[1];
      carol.socket.send(await carol.response(await carol.socket.next('sign_invite', of), key));
      return Promise.all(two().map(({ socket }) => socket.next('sign_params', of)));
    })();
    await completes(String(request['session_key']), params);
  });

  test('R-5 a thousand plausible messages of outsiders do not disturb a session', async () => {
    const { sessionKey, params, signers } = await running();
    for (let n = 0; n < 20; n += 1) {
      stranger.socket.send(
        Array.from({ length: 50 }, (_, at) => ({
          ...stranger.round(params[at % 2]!, (at % 3) + 1, null),
          from: params[at % 2]!['part_index'],
        })),
      );
    }
    await stranger.socket.settled();
    await completes(sessionKey, params);
    const relayed = signers[0]!.socket.received.filter(
      (m) => m.type === 'round' && m['session_key'] === sessionKey,
    );
    expect(relayed).toEqual([]);
  });
});

describe('results', () => {
  const high = (signature: string): string => {
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = order - BigInt(`0x${signature.slice(66, 130)}`);
    return `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${signature.slice(130)}`;
  };

  test.each([
    ['of another key', () => signPlain(plainKey(), digest)],
    ['of another digest', () => signPlain(key, '22'.repeat(32))],
    [
      'with the other v',
      () => signPlain(key, digest).replace(/1[bc]$/, (v) => (v === '1b' ? '1c' : '1b')),
    ],
    ['with high s', () => high(signPlain(key, digest))],
  ])('1.9.8 a signature %s is passed to nobody and fails the session', async (_, make) => {
    const { sessionKey, params, signers } = await running();
    const signature = make();
    signers[0]!.socket.send(signers[0]!.signResult(params[0]!, signature));
    const error = await failsWith('invalid_result', sessionKey, signers);
    expect(error['concerned']).toEqual([{ username: 'alice', part_index: 1 }]);
    const everything = [coordinator, ...signers.map(({ socket }) => socket)].flatMap(
      ({ frames }) => frames,
    );
    expect(everything.filter((frame) => frame.includes(signature.slice(2)))).toEqual([]);
  });

  test('a second result with other content is refused', async () => {
    const { sessionKey, params, signers } = await running();
    const result = signers[0]!.signResult(params[0]!, signPlain(key, digest));
    signers[0]!.socket.send(result);
    const other = { ...result, success: false, signature: '', message: 'changed my mind' };
    expect(await refused(signers[0]!.socket, other)).toMatchObject({ code: 'conflicting_message' });
    signers[1]!.socket.send(signers[1]!.signResult(params[1]!, String(result['signature'])));
    await coordinator.next(
      'sign_complete',
      (m) => m['session_key'] === sessionKey && m['success'] === true,
    );
  });

  test('a result before the parameters is refused', async () => {
    const request = signRequest(key, namesOf(two()), digest);
    coordinator.send(request);
    const of = (m: Received): boolean => m['session_key'] === request['session_key'];
    const invite = await two()[0].socket.next('sign_invite', of);
    const early = two()[0].signResult(invite, signPlain(key, digest));
    expect(await refused(two()[0].socket, early)).toMatchObject({ code: 'wrong_state' });
  });
});

describe('blame', () => {
  const evidenceOf = (message: Record<string, unknown>): Record<string, unknown> => {
    const { type: _, session_key: __, ...signed } = message;
    return signed;
  };

  async function report(
    abort: (made: {
      params: Received[];
      signers: Participant[];
    }) => Record<string, unknown> & { evidence: unknown },
  ): Promise<{ error: Received; details: Record<string, unknown>; evidence: unknown }> {
    const { sessionKey, params, signers } = await running();
    const reported = abort({ params, signers });
    signers[0]!.socket.send({
      type: 'sign_result',
      session_key: sessionKey,
      part_index: 1,
      success: false,
      message: 'consistency check failed',
      abort: reported,
    });
    const error = await failsWith('aborted', sessionKey, signers);
    const { body } = await world.rest('GET', `/audit?subject=${sessionKey}&action=session.fail`);
    const [entry] = body['entries'] as { details: Record<string, unknown> }[];
    return { error, details: entry!.details, evidence: reported.evidence };
  }

  test('R-7 two signed messages for one slot prove who is to blame, to everybody', async () => {
    const { error, details, evidence } = await report(({ params, signers }) => ({
      reason: 'equivocation',
      round: 1,
      culprits: [3],
      evidence: ['one', 'two'].map((text) =>
        evidenceOf(signers[1]!.signedRound(params[1]!, key.keyId, 1, text)),
      ),
    }));
    expect(error['concerned']).toEqual([{ username: 'carol', part_index: 3 }]);
    expect(error['abort']).toMatchObject({ culprits: [3], evidence });
    expect(error['claim']).toBeUndefined();
    expect(error['details']).toContain('proven: part 3 (carol)');
    expect(details).toMatchObject({
      abort_reason: 'equivocation',
      concerned: ['carol'],
      culprits: ['carol'],
      evidence_hash: expect.any(String),
    });
  });

  test.each([
    ['without evidence', () => []],
    [
      'with messages that nobody signed',
      (params: Received, carol: Participant) =>
        [1, 1].map(() => ({
          ...evidenceOf(carol.round(params, 1, null)),
          signature: randomBytes(64).toString('base64'),
        })),
    ],
    [
      'with messages signed for another session',
      (params: Received, carol: Participant) =>
        ['one', 'two'].map((text) =>
          evidenceOf(carol.signedRound(params, new Uint8Array(32), 1, text)),
        ),
    ],
  ])('an accusation %s proves nothing: accuser and accused are named', async (_, make) => {
    const { error, details } = await report(({ params, signers }) => ({
      reason: 'equivocation',
      round: 1,
      culprits: [3],
      evidence: make(params[1]!, signers[1]!),
    }));
    expect(error['concerned']).toEqual([
      { username: 'alice', part_index: 1 },
      { username: 'carol', part_index: 3 },
    ]);
    expect(error['abort']).toMatchObject({ culprits: [] });
    expect(error['abort']).not.toHaveProperty('evidence');
    expect(error['claim']).toEqual({ by: 1, culprits: [3] });
    expect(error['details']).toContain('claimed by part 1 (alice): part 3 (carol)');
    expect(details).toMatchObject({ culprits: [], claimed: ['carol'], claimed_by: 'alice' });
  });

  test('a message that its author signed is kept, but whether it is false stays a claim', async () => {
    const { error, evidence } = await report(({ params, signers }) => ({
      reason: 'invalid-proof',
      round: 1,
      culprits: [3],
      evidence: [evidenceOf(signers[1]!.signedRound(params[1]!, key.keyId, 1, 'one'))],
    }));
    expect(error['abort']).toMatchObject({ culprits: [], evidence });
    expect(error['claim']).toEqual({ by: 1, culprits: [3] });
  });

  test('the same signed message twice, or messages of two slots, prove nothing', async () => {
    for (const rounds of [
      [1, 1],
      [1, 2],
    ]) {
      const { error } = await report(({ params, signers }) => ({
        reason: 'equivocation',
        round: 1,
        culprits: [3],
        evidence: rounds.map((round, at) =>
          evidenceOf(
            signers[1]!.signedRound(params[1]!, key.keyId, round, `text ${round === 2 ? at : 0}`),
          ),
        ),
      }));
      expect(error['abort']).toMatchObject({ culprits: [] });
      expect(error['claim']).toEqual({ by: 1, culprits: [3] });
    }
  });
});
