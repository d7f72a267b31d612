import { randomBytes } from 'node:crypto';
import { fromBase64, fromHex, parseAddress, recordId, toHex } from '@quorate/intent';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  acceptAll,
  factsOf,
  freshKey,
  keygenRequest,
  makeKey,
  ofSession,
} from '../support/ceremony.ts';
import { keyIdOf, Participant, type PlainKey, plainKey } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import type { World } from '../support/world.ts';
import { openOffice } from '../support/office.ts';

const NAMES = ['alice', 'bob', 'carol'];

let world: World;
let coordinator: TestSocket;
let participants: Participant[];

beforeAll(async () => {
  ({ world, coordinator, participants } = await openOffice(NAMES));
});

afterAll(() => world.end());

interface Running {
  readonly sessionKey: string;
  readonly params: Received[];
}

async function running(sessionKey = freshKey('keygen')): Promise<Running> {
  coordinator.send(keygenRequest(NAMES, 2, sessionKey));
  return {
    sessionKey,
    params: await acceptAll(participants, 'keygen', factsOf(world, NAMES), sessionKey),
  };
}

async function fails(sessionKey: string, code: string): Promise<Received> {
  for (const { socket } of participants) {
    expect(await socket.next('error', ofSession(sessionKey))).toMatchObject({ code });
  }
  const error = await coordinator.next('error', ofSession(sessionKey));
  expect(error).toMatchObject({ code });
  expect(await coordinator.next('keygen_complete', ofSession(sessionKey))).toMatchObject({
    success: false,
    address: '',
  });
  return error;
}

async function noKey(key: PlainKey): Promise<void> {
  expect((await world.rest('GET', `/keys/${key.address}`)).status).toBe(404);
}

describe('messages', () => {
  test('everybody gets its own index, file name and the certificates of all', async () => {
    const { sessionKey, params } = await running();
    for (const [at, own] of params.entries()) {
      expect(own).toMatchObject({
        threshold: 2,
        total_parts: 3,
        part_index: at + 1,
        filename: `${sessionKey}_${at + 1}.json`,
      });
      const peers = own['peers'] as { username: string; part_index: number }[];
      expect(peers.map((peer) => [peer.username, peer.part_index])).toEqual([
        ['alice', 1],
        ['bob', 2],
        ['carol', 3],
      ]);
    }
  });

  test('all parameters of a session come before any round of it', async () => {
    const { sessionKey, params } = await running();
    participants[0]!.socket.send(participants[0]!.round(params[0]!, 1, null));
    await participants[1]!.socket.next('round', ofSession(sessionKey));
    const types = participants[1]!.socket.received
      .filter(ofSession(sessionKey))
      .map(({ type }) => type);
    expect(types).toEqual(['keygen_invite', 'keygen_params', 'round']);
  });
});

describe('the key exists only when everybody agrees', () => {
  test('no key exists before the last result has come', async () => {
    const { sessionKey, params } = await running();
    const key = plainKey();
    for (const at of [0, 1])
      participants[at]!.socket.send(participants[at]!.keygenResult(params[at]!, key));
    await participants[1]!.socket.settled();
    await noKey(key);
    participants[2]!.socket.send(participants[2]!.keygenResult(params[2]!, key));
    expect(await coordinator.next('keygen_complete', ofSession(sessionKey))).toMatchObject({
      success: true,
      address: key.address,
      public_key: key.publicKey,
    });
    const { body } = await world.rest('GET', `/keys/${key.address}`);
    expect(body).toMatchObject({
      threshold: 2,
      total_parts: 3,
      creator: 'coordinator',
      session_key: sessionKey,
    });
  });

  test('results for different keys fail the session and leave no key', async () => {
    const { sessionKey, params } = await running();
    const [one, other] = [plainKey(), plainKey()];
    participants[0]!.socket.send(participants[0]!.keygenResult(params[0]!, one));
    participants[1]!.socket.send(participants[1]!.keygenResult(params[1]!, other));
    await fails(sessionKey, 'conflicting_results');
    await noKey(one);
    await noKey(other);
  });

  test.each([
    [
      'an address that is not that of its public key',
      { address: plainKey().address },
      'invalid_result',
    ],
    ['a point that is none', { public_key: `0x02${'ff'.repeat(32)}` }, 'invalid_result'],
    ['the record of another party', {}, 'invalid_result'],
    ['the cpic of another chip', { cpic: 'ab'.repeat(42) }, 'chip_mismatch'],
  ])('1.9.8 a result with %s fails the session and leaves no key', async (what, change, code) => {
    const { sessionKey, params } = await running();
    const key = plainKey();
    const swapped = what.includes('record')
      ? { record_id: toHex(recordId(keyIdOf(params[0]!), 2, 0)) }
      : {};
    participants[0]!.socket.send({
      ...participants[0]!.keygenResult(params[0]!, key),
      ...change,
      ...swapped,
    });
    await fails(sessionKey, code);
    await noKey(key);
  });

  test('participants who all report a key that exists have not made one', async () => {
    const made = await makeKey(world, coordinator, participants, 2);
    const { sessionKey, params } = await running();
    participants[0]!.socket.send(participants[0]!.keygenResult(params[0]!, made));
    await fails(sessionKey, 'invalid_result');
    const { body } = await world.rest('GET', `/keys/${made.address}`);
    expect(body['session_key']).not.toBe(sessionKey);
  });
});

describe('orphans', () => {
  /** One participant has stored its record and said so; another fails the session. */
  async function orphaned(): Promise<{ running: Running; key: PlainKey; secret: Uint8Array }> {
    const session = await running();
    const key = plainKey();
    const alice = participants[0]!;
    const secret = await alice.store(session.params[0]!, key);
    alice.socket.send(alice.keygenResult(session.params[0]!, key));
    participants[1]!.socket.send({
      type: 'keygen_result',
      session_key: session.sessionKey,
      part_index: 2,
      success: false,
      message: 'participant_restarted',
    });
    await fails(session.sessionKey, 'participant_restarted');
    return { running: session, key, secret };
  }

  async function answer(notice: Received, change: object = {}): Promise<Record<string, unknown>> {
    const alice = participants[0]!;
    const reason = new TextEncoder().encode(String(notice['reason']));
    const hash = await crypto.subtle.digest('SHA-256', reason);
    const certificate = await alice.certify(notice, factsOf(world, NAMES), {
      operation: 'destroy',
      intent: new Uint8Array(hash),
    });
    return {
      type: 'orphan_response',
      session_key: notice['session_key'],
      part_index: notice['part_index'],
      cpic: alice.person.cpic,
      session_certificate: certificate,
      chip_challenge: Buffer.from(await alice.person.chip.challenge()).toString('base64'),
      ...change,
    };
  }

  test('a record of a failed session is deleted by the chip with the authorisation of the server', async () => {
    const { running: session, key } = await orphaned();
    const alice = participants[0]!;
    const notice = await alice.socket.next('orphan_notice', ofSession(session.sessionKey));
    expect(notice).toMatchObject({
      part_index: 1,
      address: key.address,
      reason: 'participant_restarted',
    });
    const { used } = await alice.person.chip.info();
    const response = await answer({
      ...notice,
      participants: NAMES,
      threshold: 2,
      total_parts: 3,
    } as Received);
    alice.socket.send(response);
    const authorisation = await alice.socket.next(
      'orphan_authorisation',
      ofSession(session.sessionKey),
    );
    await alice.person.chip.delete({
      recordId: fromHex(String(authorisation['record_id'])),
      address: parseAddress(String(authorisation['address'])),
      sessionHash: alice.sessionHashOf(session.sessionKey),
      reasonHash: fromHex(String(authorisation['reason_hash'])),
      challenge: fromBase64(String(authorisation['chip_challenge'])),
      signature: fromBase64(String(authorisation['signature'])),
    });
    expect((await alice.person.chip.info()).used).toBe(used - 1);
    const done = {
      type: 'orphan_result',
      session_key: session.sessionKey,
      part_index: 1,
      success: true,
      message: '',
    };
    alice.socket.send(done);
    await alice.socket.settled();
    alice.socket.send(done);
    expect(await alice.socket.next('error', ofSession(session.sessionKey))).toMatchObject({
      code: 'orphan_unknown',
    });
  });

  test('an orphan is told again at every register until it is gone', async () => {
    const { running: session } = await orphaned();
    await participants[0]!.socket.next('orphan_notice', ofSession(session.sessionKey));
    for (let time = 0; time < 2; time += 1) {
      const again = await Participant.connect(world, 'alice');
      expect(await again.socket.next('orphan_notice', ofSession(session.sessionKey))).toMatchObject(
        {
          part_index: 1,
        },
      );
      participants[0] = again;
    }
  });

  test('a record that was stored before the failure was known becomes an orphan too', async () => {
    const session = await running();
    const key = plainKey();
    participants[1]!.socket.send({
      type: 'keygen_result',
      session_key: session.sessionKey,
      part_index: 2,
      success: false,
      message: 'aborted',
    });
    await fails(session.sessionKey, 'aborted');
    participants[0]!.socket.send(participants[0]!.keygenResult(session.params[0]!, key));
    expect(
      await participants[0]!.socket.next('orphan_notice', ofSession(session.sessionKey)),
    ).toMatchObject({
      address: key.address,
    });
  });

  test('1.9.10 nothing is authorised for deletion but that orphan, on that chip, for that session', async () => {
    const { running: session } = await orphaned();
    const [alice, bob] = participants;
    const notice = await alice!.socket.next('orphan_notice', ofSession(session.sessionKey));
    const whole = { ...notice, participants: NAMES, threshold: 2, total_parts: 3 } as Received;
    const attempts: [Participant, object, string][] = [
      [bob!, await answer(whole), 'orphan_unknown'],
      [alice!, await answer(whole, { session_key: freshKey('never') }), 'orphan_unknown'],
      [alice!, await answer(whole, { cpic: bob!.person.cpic }), 'chip_mismatch'],
      [
        alice!,
        {
          ...(await answer(whole)),
          session_certificate: await bob!.certify(whole, factsOf(world, NAMES)),
        },
        'chip_mismatch',
      ],
      [
        alice!,
        {
          ...(await answer(whole)),
          session_certificate: await alice!.certify(whole, factsOf(world, NAMES)),
        },
        'invalid_certificate',
      ],
    ];
    for (const [who, message, code] of attempts) {
      who.socket.send(message);
      const about = ofSession(String((message as Received)['session_key']));
      expect(await who.socket.next('error', about)).toMatchObject({ code });
    }
    const given = alice!.socket.received.filter((m) => m.type === 'orphan_authorisation');
    expect(given.filter(ofSession(session.sessionKey))).toEqual([]);
  });

  test('a record of a key that exists is never an orphan, whatever a participant reports', async () => {
    const made = await makeKey(world, coordinator, participants, 2);
    const session = await running();
    participants[0]!.socket.send({
      type: 'keygen_result',
      session_key: session.sessionKey,
      part_index: 1,
      address: made.address,
      cpic: participants[0]!.person.cpic,
      encrypted_shard: '',
      success: false,
      message: 'delete the other one please',
      record_id: toHex(recordId(made.keyId, 1, 0)),
    });
    await fails(session.sessionKey, 'aborted');
    await participants[0]!.socket.settled();
    const notices = participants[0]!.socket.received.filter((m) => m.type === 'orphan_notice');
    expect(notices.filter(ofSession(session.sessionKey))).toEqual([]);
  });
});

describe('1.9.16 values that are never returned', () => {
  test('1.9.16 no list, detail, audit entry or frame to a coordinator holds a shard, a certificate or a body', async () => {
    const { sessionKey, params } = await running();
    const key = plainKey();
    const secrets: string[] = [];
    for (const [at, participant] of participants.entries()) {
      const round = participant.round(params[at]!, 1, null);
      participant.socket.send(round);
      const result = participant.keygenResult(params[at]!, key);
      participant.socket.send(result);
      const peers = params[at]!['peers'] as { session_certificate: string }[];
      secrets.push(
        String(round['body']),
        String(result['encrypted_shard']),
        ...peers.map((peer) => peer.session_certificate),
      );
    }
    await coordinator.next('keygen_complete', ofSession(sessionKey));
    const told = coordinator.frames.join('\n');
    const answers = await Promise.all(
      [
        '/keys?limit=100',
        `/keys/${key.address}`,
        '/sessions?limit=100',
        `/sessions/${sessionKey}`,
        '/audit?limit=200',
      ].map((path) => world.rest('GET', path)),
    );
    const seen = told + JSON.stringify(answers);
    for (const secret of secrets) expect(seen.includes(secret.slice(0, 40))).toBe(false);
    expect(answers[3]!.body).toMatchObject({
      session_key: sessionKey,
      state: 'completed',
      waiting_for: [],
    });
  });

  test('a participant sees its own sessions and keys and nobody else’s', async () => {
    await world.addPerson('outsider');
    const made = await makeKey(world, coordinator, participants, 2);
    expect((await world.rest('GET', `/keys/${made.address}`, undefined, 'outsider')).status).toBe(
      404,
    );
    const listed = await world.rest('GET', '/sessions', undefined, 'outsider');
    expect(listed.body).toEqual({ sessions: [] });
    const own = await world.rest('GET', `/keys/${made.address}`, undefined, 'alice');
    expect(own.body).toMatchObject({
      address: made.address,
      holders: [
        { part_index: 1, username: 'alice', se_id: 'SE-alice' },
        { part_index: 2, username: 'bob', se_id: 'SE-bob' },
        { part_index: 3, username: 'carol', se_id: 'SE-carol' },
      ],
      grants: [],
    });
  });
});

test('rounds and results of a key that has no such party are refused', async () => {
  const { sessionKey, params } = await running();
  const foreign = {
    ...participants[0]!.round(params[0]!, 1, 32),
    body: randomBytes(32).toString('base64'),
  };
  participants[0]!.socket.send(foreign);
  expect(await participants[0]!.socket.next('error', ofSession(sessionKey))).toMatchObject({
    code: 'invalid_message',
  });
});
