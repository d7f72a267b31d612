import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { factsOf, keygenRequest } from '../support/ceremony.ts';
import { Participant } from '../support/participant.ts';
import { type Received, TestSocket } from '../support/socket.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld(['alice', 'bob']);
});

afterAll(() => world.end());

async function register(fields: object): Promise<{ answer: Received; socket: TestSocket }> {
  const socket = await TestSocket.open(world.server.wsUrl);
  socket.send({ type: 'register', ...fields });
  return { answer: await socket.next('register_complete'), socket };
}

describe('1.1 register', () => {
  test('with only the fields of the first document succeeds', async () => {
    const token = await world.token('alice');
    const { answer, socket } = await register({ username: 'alice', role: 'participant', token });
    expect(answer).toMatchObject({ success: true, message: 'registered' });
    await socket.close();
  });

  test('is answered with no field that a client of the first version would refuse', async () => {
    const token = await world.token('alice');
    const known = ['type', 'success', 'message', 'code', 'stream', 'resumed', 'last_cseq'];
    for (const good of [token, 'not.a.token']) {
      const fields = { username: 'alice', role: 'participant', token: good };
      const { answer, socket } = await register(fields);
      expect(Object.keys(answer).filter((name) => !known.includes(name))).toEqual([]);
      await socket.close();
    }
  });

  test.each([
    ['R-9 the token of somebody else', 'alice', 'participant', 'bob', 'invalid_token'],
    [
      '1.9.2 a role that the token does not allow',
      'alice',
      'coordinator',
      'alice',
      'forbidden_role',
    ],
    [
      '1.9.2 a coordinator as participant',
      'coordinator',
      'participant',
      'coordinator',
      'forbidden_role',
    ],
  ])('%s is refused and the socket closes with 4401', async (_, username, role, owner, code) => {
    const token = await world.token(owner);
    const { answer, socket } = await register({ username, role, token });
    expect(answer).toMatchObject({ success: false, code });
    expect(await socket.closed).toBe(4401);
  });

  test('a token that is none is refused like one of somebody else', async () => {
    const forged = `${(await world.token('alice')).slice(0, -4)}AAAA`;
    const answers = [];
    for (const token of ['x', forged, await world.token('bob')]) {
      const { answer, socket } = await register({ username: 'alice', role: 'participant', token });
      answers.push(answer);
      expect(await socket.closed).toBe(4401);
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  test('anything before register is answered with not_registered and does nothing', async () => {
    const socket = await TestSocket.open(world.server.wsUrl);
    socket.send({ ...keygenRequest(['alice', 'bob'], 2, 'too-early') });
    expect(await socket.next('error')).toMatchObject({ code: 'not_registered' });
    expect((await world.rest('GET', '/sessions/too-early')).status).toBe(404);
    await socket.close();
  });

  test('no register within 10 s closes the socket with 4408', async () => {
    const socket = await TestSocket.open(world.server.wsUrl);
    socket.send({ type: 'ack', seq: 1 });
    await socket.next('error');
    world.clock.advance(10_000);
    expect(await socket.closed).toBe(4408);
  });

  test('messages in the frames right behind register are taken once it has succeeded', async () => {
    const socket = await TestSocket.open(world.server.wsUrl);
    const token = await world.token('coordinator');
    const request = keygenRequest(['alice', 'bob'], 2);
    const marker = { ...request, session_key: `${String(request['session_key'])}-b` };
    socket.send([
      { type: 'register', username: 'coordinator', role: 'coordinator', token },
      request,
    ]);
    socket.send(marker);
    await socket.next('register_complete');
    await socket.settled();
    for (const sessionKey of [request['session_key'], marker.session_key]) {
      expect((await world.rest('GET', `/sessions/${String(sessionKey)}`)).body).toMatchObject({
        state: 'invited',
      });
    }
    await socket.close();
  });

  test('R-9 a second registration takes over: the older socket closes with 4409, nothing is lost', async () => {
    const coordinator = await world.connect('coordinator', 'coordinator');
    const first = await Participant.connect(world, 'alice');
    const bob = await Participant.connect(world, 'bob');
    const request = keygenRequest(['alice', 'bob'], 2);
    const of = (m: Received): boolean => m['session_key'] === request['session_key'];
    coordinator.send(request);
    const invite = await first.socket.next('keygen_invite', of);
    const second = await Participant.connect(world, 'alice');
    expect(await first.socket.closed).toBe(4409);
    const facts = factsOf(world, ['alice', 'bob']);
    second.socket.send(await second.response(invite, facts));
    const theirs = await bob.socket.next('keygen_invite', of);
    bob.socket.send(await bob.response(theirs, facts));
    await second.socket.next('keygen_params', of);
    expect(first.socket.received.some((m) => m.type === 'keygen_params' && of(m))).toBe(false);
  });

  test('the expiry of the token closes the socket with 4403, unless it was renewed on the open socket', async () => {
    const lasting = await world.connect('alice', 'participant');
    const fading = await world.connect('bob', 'participant');
    const { body } = await world.rest('POST', '/users/alice/tokens', { expires_in: 2_000_000 });
    lasting.send({
      type: 'register',
      username: 'alice',
      role: 'participant',
      token: body['token'],
    });
    expect(await lasting.next('register_complete')).toMatchObject({ success: true, resumed: 0 });
    world.clock.advance(86_400_000);
    expect(await fading.closed).toBe(4403);
    await lasting.settled();
    await lasting.close();
  });

  test('X-9: a message under a token that expired while the timer slept is not taken', async () => {
    const { body } = await world.rest('POST', '/users/bob/tokens', { expires_in: 600 });
    const socket = await TestSocket.open(world.server.wsUrl);
    socket.send({ type: 'register', username: 'bob', role: 'participant', token: body['token'] });
    await socket.next('register_complete');
    world.clock.step(600_000);
    socket.send({
      type: 'keygen_result',
      session_key: 'x',
      part_index: 1,
      success: false,
      message: '',
    });
    expect(await socket.closed).toBe(4403);
    expect(socket.received.filter(({ code }) => code === 'unknown_session')).toEqual([]);
    world.clock.step(-600_000);
  });

  test('R-9 an open socket cannot become the socket of somebody else', async () => {
    const { body } = await world.rest('POST', '/users/bob/tokens', { expires_in: 2_000_000 });
    const socket = await TestSocket.open(world.server.wsUrl);
    const { body: own } = await world.rest('POST', '/users/alice/tokens', { expires_in: 600 });
    socket.send({ type: 'register', username: 'alice', role: 'participant', token: own['token'] });
    await socket.next('register_complete');
    socket.send({ type: 'register', username: 'bob', role: 'participant', token: body['token'] });
    expect(await socket.next('register_complete')).toMatchObject({ success: false });
    expect(await socket.closed).toBe(4401);
  });
});

describe('limits', () => {
  const token = async (username: string): Promise<string> => {
    const { body } = await world.rest('POST', `/users/${username}/tokens`, { expires_in: 600 });
    return String(body['token']);
  };

  test('1.5 a frame over 1 MiB is answered with an error, one of 2 MiB ends its own connection only', async () => {
    const neighbour = await TestSocket.open(world.server.wsUrl);
    const socket = await TestSocket.open(world.server.wsUrl);
    socket.send(`"${'a'.repeat(1024 * 1024)}"`);
    expect(await socket.next('error')).toMatchObject({ code: 'frame_too_large' });
    socket.send(`"${'a'.repeat(2 * 1024 * 1024)}"`);
    expect(await socket.closed).toBe(1009);
    neighbour.send({ type: 'ack', seq: 1 });
    await neighbour.next('error');
    await neighbour.close();
  });

  test.each([
    ['a binary frame', Buffer.from('{"type":"ack","seq":1}'), 'binary_frame'],
    [
      'a batch of 65',
      JSON.stringify(Array.from({ length: 65 }, () => ({ type: 'ack', seq: 1 }))),
      'batch_too_large',
    ],
    ['an unknown type', '{"type":"become_admin"}', 'unknown_type'],
    ['a type that only the server sends', '{"type":"keygen_invite"}', 'unknown_type'],
    ['no JSON', '{"type":', 'invalid_message'],
    ['a key given twice', '{"type":"ack","seq":1,"seq":2}', 'invalid_message'],
  ])('%s is answered with an error and the socket stays', async (_, frame, code) => {
    const socket = await TestSocket.open(world.server.wsUrl);
    socket.socket.send(frame);
    expect(await socket.next('error')).toMatchObject({ code });
    socket.socket.send(frame);
    expect(await socket.next('error')).toMatchObject({ code });
    await socket.close();
  });

  test('20 malformed messages within 10 s close that socket with 4429 and no other', async () => {
    const alice = await TestSocket.open(world.server.wsUrl);
    alice.send({
      type: 'register',
      username: 'alice',
      role: 'participant',
      token: await token('alice'),
    });
    await alice.next('register_complete');
    const bob = await TestSocket.open(world.server.wsUrl);
    bob.send({ type: 'register', username: 'bob', role: 'participant', token: await token('bob') });
    await bob.next('register_complete');
    for (let n = 0; n < 19; n += 1) bob.send('nonsense');
    await bob.settled();
    world.clock.advance(10_001);
    for (let n = 0; n < 19; n += 1) bob.send('nonsense');
    await bob.settled();
    for (let n = 0; n < 20; n += 1) alice.send('nonsense');
    expect(await alice.closed).toBe(4429);
    await bob.settled();
    await bob.close();
  });

  test('another origin is refused, the own one and programs without any are not', async () => {
    await expect(
      TestSocket.open(world.server.wsUrl, { origin: 'https://evil.example' }),
    ).rejects.toThrow('403');
    const own = await TestSocket.open(world.server.wsUrl, { origin: world.server.url });
    await own.close();
  });

  test('R-8 a message of thousands of fragments ends its connection', async () => {
    const socket = await TestSocket.open(world.server.wsUrl);
    for (let n = 0; n < 2000; n += 1) socket.socket.send('x', { fin: false });
    expect([1006, 1008, 1009]).toContain(await socket.closed);
    const next = await TestSocket.open(world.server.wsUrl);
    await next.close();
  });

  test('R-8 compression is never negotiated', async () => {
    const socket = new WebSocket(world.server.wsUrl, { perMessageDeflate: true });
    await new Promise((resolve) => socket.once('open', resolve));
    expect(socket.extensions).toBe('');
    socket.terminate();
  });

  test('another path is refused', async () => {
    await expect(TestSocket.open(world.server.wsUrl.replace('/ws', '/other'))).rejects.toThrow(
      '404',
    );
  });

  test('R-8 a coordinator cannot open more sessions than configured', async () => {
    const small = await openWorld(['alice', 'bob'], { requestLimits: { openSessions: 1 } });
    const coordinator = await small.connect('coordinator', 'coordinator');
    coordinator.send(keygenRequest(['alice', 'bob'], 2));
    coordinator.send(keygenRequest(['alice', 'bob'], 2));
    expect(await coordinator.next('error')).toMatchObject({ code: 'too_many_sessions' });
    await small.end();
  });
});

describe('people who lose their place', () => {
  test('a disabled user is disconnected and cannot come back', async () => {
    const person = await world.addPerson(`dora-${randomBytes(2).toString('hex')}`);
    const socket = await world.connect(person.username, 'participant');
    await world.rest('PATCH', `/users/${person.username}`, { state: 'disabled' }, 'admin');
    expect(await socket.closed).toBe(4403);
    const token = await world.token(person.username);
    const { answer } = await register({ username: person.username, role: 'participant', token });
    expect(answer).toMatchObject({ success: false });
  });
});

describe('the audit log', () => {
  test('R-8 keeps refused registrations, but not a flood of them', async () => {
    const other = await openWorld([]);
    const attempts = Array.from({ length: 330 }, async () => {
      const socket = await TestSocket.open(other.server.wsUrl);
      socket.send({ type: 'register', username: 'nobody', role: 'participant', token: 'none' });
      expect(await socket.closed).toBe(4401);
    });
    await Promise.all(attempts);
    const { body } = await other.rest('GET', '/audit?action=socket.register&limit=500');
    expect((body['entries'] as unknown[]).length).toBe(300);
    await other.end();
  });
});

describe('drain', () => {
  test('closing the server closes every socket with 1012', async () => {
    const other = await openWorld(['alice']);
    const sockets = [
      await other.connect('alice', 'participant'),
      await TestSocket.open(other.server.wsUrl),
    ];
    await other.server.close();
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual([1012, 1012]);
    await other.end();
  });
});
