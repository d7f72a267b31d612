import { ConnectionList } from '@quorate/wire';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { freshKey, keygenRequest, ofSession } from '../support/ceremony.ts';
import { Participant } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import { openWorld, type World } from '../support/world.ts';

const NAMES = ['alice', 'bob'];

type Connected = TestSocket & { readonly welcome: Received };

let world: World;
let alice: Participant;
let client = 0;

beforeAll(async () => {
  world = await openWorld(NAMES);
});

afterAll(() => world.end());

beforeEach(async () => {
  alice = await Participant.connect(world, 'alice');
});

/** A client of the user coordinator; a new one unless it is named. */
async function open(extra: object = {}): Promise<Connected> {
  client += 1;
  const fields = { client_id: `client-${client}`, ...extra };
  const socket = await world.connect('coordinator', 'coordinator', fields);
  onTestFinished(() => socket.socket.terminate());
  return socket;
}

/** Alice ends a session that she was invited to. */
function decline(invite: Received | undefined): void {
  alice.socket.send({
    type: 'keygen_response',
    session_key: invite?.['session_key'],
    part_index: invite?.['part_index'],
    cpic: alice.person.cpic,
    accept: false,
    reason: 'no',
  });
}

/** Waits for the invitation and declines it. */
const end = async (sessionKey: string): Promise<void> =>
  decline(await alice.socket.next('keygen_invite', ofSession(sessionKey)));

const about = ({ received }: TestSocket, sessionKey: string): Received[] =>
  received.filter((message) => message['session_key'] === sessionKey);

describe('several clients of one coordinator user', () => {
  test('Z-20: are connected at once, and each hears of what it asked for and nothing else', async () => {
    const clients = [await open({ progress: true }), await open({ progress: true })];
    const keys = [freshKey(), freshKey()];
    for (const [at, socket] of clients.entries()) {
      socket.send(keygenRequest(NAMES, 2, keys[at]));
    }
    for (const [at, socket] of clients.entries()) {
      await end(keys[at]!);
      expect(await socket.next('keygen_complete', ofSession(keys[at]!))).toMatchObject({
        success: false,
      });
    }
    for (const [at, socket] of clients.entries()) {
      await socket.settled();
      const types = about(socket, keys[at]!).map(({ type }) => type);
      expect(types.filter((type) => type === 'keygen_complete')).toHaveLength(1);
      expect(new Set(types)).toEqual(new Set(['session_state', 'error', 'keygen_complete']));
      expect(about(socket, keys[1 - at]!)).toEqual([]);
    }
  });

  test('Z-20: a refusal goes to the client that was refused', async () => {
    const [one, other] = [await open(), await open()];
    const request = { ...keygenRequest(['alice', 'nobody'], 2), cseq: 1 };
    one.send(request);
    expect(await one.next('error')).toMatchObject({ code: 'invalid_participants', cseq: 1 });
    await other.settled();
    expect(about(other, String(Reflect.get(request, 'session_key')))).toEqual([]);
  });

  test('Z-20: one that repeats the request of another is answered, and hears of the end', async () => {
    const [first, second] = [await open(), await open()];
    const request = keygenRequest(NAMES, 2);
    const sessionKey = String(request['session_key']);
    first.send(request);
    await alice.socket.next('keygen_invite', ofSession(sessionKey));
    second.send(request);
    expect(await second.next('session_state', ofSession(sessionKey))).toMatchObject({
      state: 'invited',
    });
    second.send({ ...request, threshold: 3, total_parts: 3, participants: [...NAMES, 'carl'] });
    expect(await second.next('error', ofSession(sessionKey))).toMatchObject({
      code: 'session_key_conflict',
    });
    decline(alice.socket.received.findLast(ofSession(sessionKey)));
    const ends = [];
    for (const socket of [first, second]) {
      const { seq: _, ...told } = await socket.next('keygen_complete', ofSession(sessionKey));
      ends.push(told);
    }
    expect(ends[0]).toEqual(ends[1]);
    const late = await open();
    late.send(request);
    const { seq: _, ...told } = await late.next('keygen_complete', ofSession(sessionKey));
    expect(told).toEqual(ends[0]);
    await first.settled();
    expect(about(first, sessionKey).filter(({ type }) => type === 'keygen_complete')).toHaveLength(
      1,
    );
  });

  test('Z-20: each has its own numbers: nothing is lost or doubled when one comes back', async () => {
    const [left, stays] = [await open({ client_id: 'left' }), await open({ client_id: 'stays' })];
    expect(left.welcome['stream']).not.toBe(stays.welcome['stream']);
    const keys = [freshKey(), freshKey()];
    left.send({ ...keygenRequest(NAMES, 2, keys[0]), cseq: 7 });
    await left.next('ack');
    stays.send({ ...keygenRequest(NAMES, 2, keys[1]), cseq: 7 });
    await stays.next('ack');
    await left.close();
    for (const key of keys) await end(key);
    const seen = await stays.next('keygen_complete', ofSession(keys[1]!));
    stays.send({ type: 'ack', seq: seen['seq'] });
    await stays.settled();
    const again = await open({ client_id: 'left', stream: left.welcome['stream'], last_seq: 0 });
    expect(again.welcome).toMatchObject({
      stream: left.welcome['stream'],
      last_cseq: 7,
      resumed: 2,
    });
    const missed = await again.next('keygen_complete', ofSession(keys[0]!));
    expect(again.received.filter((message) => 'seq' in message)).toHaveLength(2);
    const once = await open({
      client_id: 'left',
      stream: left.welcome['stream'],
      last_seq: missed['seq'],
    });
    expect(await again.closed).toBe(4409);
    expect(once.welcome).toMatchObject({ resumed: 0 });
    const settled = await open({ client_id: 'stays', stream: stays.welcome['stream'] });
    expect(settled.welcome).toMatchObject({ resumed: 0, last_cseq: 7 });
  });

  test('Z-20: one without a name stands beside the named ones; the newer takes over the older', async () => {
    const named = await open();
    const first = await world.connect('coordinator', 'coordinator');
    const second = await world.connect('coordinator', 'coordinator');
    expect(await first.closed).toBe(4409);
    for (const socket of [named, second]) await socket.settled();
    await second.close();
  });

  test('Z-20: are limited in number', async () => {
    const small = await openWorld([], { maxConnectionsPerUser: 2 });
    onTestFinished(() => small.end());
    const connect = (client_id: string) =>
      small.connect('coordinator', 'coordinator', { client_id });
    const [one] = [await connect('one'), await connect('two')];
    await expect(connect('three')).rejects.toThrow('too_many_connections');
    await connect('two');
    await one.close();
    await connect('three');
  });
});

describe('a participant', () => {
  test('Z-20: has one connection whatever it calls itself, and the log names both ends of a take-over', async () => {
    const bob = await world.connect('bob', 'participant', { client_id: 'one' });
    const since = world.clock.now();
    world.clock.advance(1_000);
    await world.connect('bob', 'participant', { client_id: 'two' });
    expect(await bob.closed).toBe(4409);
    const { body } = await world.rest('GET', '/audit?action=socket.replace&actor=bob&limit=1');
    expect(body['entries']).toMatchObject([
      { details: { remote: '127.0.0.1', replaced_remote: '127.0.0.1', replaced_since: since } },
    ]);
    const shown = ConnectionList.parse((await world.rest('GET', '/connections')).body);
    expect(shown.connections.filter(({ username }) => username === 'bob')).toEqual([
      {
        username: 'bob',
        role: 'participant',
        remote: '127.0.0.1',
        since: world.clock.now(),
        token_id: expect.any(String),
        replaced: { remote: '127.0.0.1', since },
      },
    ]);
    expect((await world.rest('GET', '/connections', undefined, 'coordinator')).status).toBe(403);
  });
});

describe('clients that do not come back', () => {
  test('Z-20: are forgotten, and whoever of their user is connected hears of what they asked for', async () => {
    const hours = 10 * 3_600_000;
    const deadlines = { invitation: hours, round: hours, session: hours };
    const own = await openWorld(NAMES, { deadlines, retention: { clients: 0 } });
    onTestFinished(() => own.end());
    const connect = (client_id: string, extra = {}) =>
      own.connect('coordinator', 'coordinator', { client_id, ...extra });
    const gone = await connect('gone');
    const here = await connect('here');
    const invited = await Participant.connect(own, 'alice');
    const request = keygenRequest(NAMES, 2);
    const sessionKey = String(request['session_key']);
    gone.send(request);
    const invite = await invited.socket.next('keygen_invite', ofSession(sessionKey));
    await gone.close();
    own.clock.advance(2 * 3_600_000);
    await here.settled();
    invited.socket.send({
      type: 'keygen_response',
      session_key: sessionKey,
      part_index: invite['part_index'],
      cpic: invited.person.cpic,
      accept: false,
      reason: 'no',
    });
    await here.next('keygen_complete', ofSession(sessionKey));
    const { stream } = gone.welcome;
    const again = await connect('gone', { stream, last_seq: 5 });
    expect(again.welcome).toMatchObject({ resumed: 0, last_cseq: 0 });
    expect(again.welcome['stream']).not.toBe(stream);
    again.send(request);
    await again.next('keygen_complete', ofSession(sessionKey));
  });
});
