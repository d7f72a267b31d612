import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
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
  sendSignatures,
  signRequest,
} from '../support/ceremony.ts';
import { Participant, plainKey } from '../support/participant.ts';
import type { Received, TestSocket } from '../support/socket.ts';
import { openWorld, type World } from '../support/world.ts';

const NAMES = ['alice', 'bob'];

let world: World;
let coordinator: TestSocket;
let participants: Participant[] = [];
let key: MadeKey;
let digest: string;

const reconnect = async (extra: object = {}): Promise<void> => {
  coordinator = await world.connect('coordinator', 'coordinator', extra);
  participants = await Promise.all(
    participants.length > 0
      ? participants.map((participant) => participant.again(extra))
      : NAMES.map((name) => Participant.connect(world, name, extra)),
  );
};

beforeAll(async () => {
  world = await openWorld(NAMES);
  await reconnect();
  key = await makeKey(world, coordinator, participants, 2);
});

afterAll(() => world.end());

beforeEach(async () => {
  digest = randomBytes(32).toString('hex');
  await reconnect();
  for (const { socket } of [...participants, { socket: coordinator }]) {
    await socket.settled();
    const last = Math.max(0, ...seqs(socket));
    if (last > 0) socket.send({ type: 'ack', seq: last });
    await socket.settled();
  }
});

const seqs = (socket: TestSocket): number[] =>
  socket.received.flatMap(({ seq }) => (typeof seq === 'number' ? [seq] : []));
describe('1.2 unacknowledged messages', () => {
  test('comes again at the next register, in order and with the same numbers', async () => {
    const request = keygenRequest(NAMES, 2);
    coordinator.send(request);
    const invite = await participants[0]!.socket.next(
      'keygen_invite',
      ofSession(request['session_key']),
    );
    await participants[0]!.socket.close();
    const again = await Participant.connect(world, 'alice');
    const replayed = await again.socket.next('keygen_invite', ofSession(request['session_key']));
    expect(replayed).toEqual(invite);
  });

  test('does not come again once it was acknowledged, or claimed as processed at register', async () => {
    const request = keygenRequest(NAMES, 2);
    coordinator.send(request);
    const alice = participants[0]!;
    const invite = await alice.socket.next('keygen_invite', ofSession(request['session_key']));
    const welcome = (await world.connect('alice', 'participant', {
      last_seq: invite['seq'],
    })) as TestSocket & { welcome: Received };
    expect(welcome.welcome['resumed']).toBe(0);
    await welcome.settled();
    expect(welcome.received.filter(ofSession(request['session_key']))).toEqual([]);
    const bob = participants[1]!;
    const theirs = await bob.socket.next('keygen_invite', ofSession(request['session_key']));
    bob.socket.send({ type: 'ack', seq: theirs['seq'] });
    await bob.socket.settled();
    const back = await world.connect('bob', 'participant');
    await back.settled();
    expect(back.received.filter(ofSession(request['session_key']))).toEqual([]);
  });

  test('numbers increase without a gap within a stream', async () => {
    const made = await makeKey(world, coordinator, participants, 2);
    expect(made.threshold).toBe(2);
    for (const { socket } of participants) {
      const numbers = seqs(socket);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect(new Set(numbers).size).toBe(numbers.length);
    }
  });

  test('rounds of a session that is over are not kept, its completion is', async () => {
    const request = signRequest(key, NAMES, digest);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const params = await acceptAll(participants, 'sign', key, sessionKey);
    await runRounds(participants, params, 1);
    sendSignatures(key, participants, params, digest);
    await coordinator.next('sign_complete', ofSession(sessionKey));
    const back = await world.connect('alice', 'participant');
    await back.settled();
    const types = back.received.filter(ofSession(sessionKey)).map(({ type }) => type);
    expect(types).toEqual(['sign_complete']);
  });
});

describe('1.2 numbered messages of clients', () => {
  test('are acknowledged once stored, and dropped when they come again', async () => {
    const [alice] = participants;
    const start = Number((await world.connect('alice', 'participant')).welcome['last_cseq']);
    participants[0] = await Participant.connect(world, 'alice');
    const request = keygenRequest(NAMES, 2);
    coordinator.send(request);
    const invite = await participants[0].socket.next(
      'keygen_invite',
      ofSession(request['session_key']),
    );
    const response = { ...(await alice!.response(invite, factsOf(world, NAMES))), cseq: start + 1 };
    participants[0].socket.send(response);
    expect(await participants[0].socket.next('ack')).toEqual({ type: 'ack', cseq: start + 1 });
    const different = { ...response, accept: false, reason: 'no', session_certificate: undefined };
    participants[0].socket.send(different);
    expect(await participants[0].socket.next('ack')).toEqual({ type: 'ack', cseq: start + 1 });
    await participants[0].socket.settled();
    expect(
      participants[0].socket.received.filter(
        (m) => m.type === 'error' && ofSession(request['session_key'])(m),
      ),
    ).toEqual([]);
    const back = await world.connect('alice', 'participant');
    expect(back.welcome['last_cseq']).toBe(start + 1);
  });

  test('a refused one is acknowledged too, and its error names it', async () => {
    const last = Number((await world.connect('alice', 'participant')).welcome['last_cseq']);
    const alice = await Participant.connect(world, 'alice');
    alice.socket.send({ ...keygenRequest(NAMES, 2, 'never-made'), cseq: last + 5 });
    expect(await alice.socket.next('error', ofSession('never-made'))).toMatchObject({
      code: 'forbidden_role',
      cseq: last + 5,
      seq: expect.any(Number),
    });
    expect(await alice.socket.next('ack')).toMatchObject({ cseq: last + 5 });
  });
});

describe('batches', () => {
  test('a client that asked for them gets arrays, one that did not never does', async () => {
    const batching = await Participant.connect(world, 'alice', { batch: true });
    const plain = participants[1]!;
    const request = keygenRequest(NAMES, 2);
    coordinator.send(request);
    const facts = factsOf(world, NAMES);
    const sessionKey = String(request['session_key']);
    const params = await acceptAll([batching, plain], 'keygen', facts, sessionKey);
    plain.socket.send([plain.round(params[1]!, 1, null), plain.round(params[1]!, 1, 1)]);
    batching.socket.send([batching.round(params[0]!, 1, null), batching.round(params[0]!, 1, 2)]);
    await batching.socket.next('round');
    await batching.socket.next('round');
    await plain.socket.next('round');
    await plain.socket.next('round');
    expect(batching.socket.frames.some((frame) => frame.startsWith('['))).toBe(true);
    expect(plain.socket.frames.filter((frame) => frame.startsWith('['))).toEqual([]);
    expect(coordinator.frames.filter((frame) => frame.startsWith('['))).toEqual([]);
  });
});

describe('1.9.15 a restart of the server', () => {
  test('1.9.15 in the middle of a key generation costs nothing', async () => {
    const request = keygenRequest(NAMES, 2);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const facts = factsOf(world, NAMES);
    const invite = await participants[0]!.socket.next('keygen_invite', ofSession(sessionKey));
    participants[0]!.socket.send(await participants[0]!.response(invite, facts));
    await participants[0]!.socket.settled();
    await world.restart();
    await reconnect();
    const theirs = await participants[1]!.socket.next('keygen_invite', ofSession(sessionKey));
    participants[1]!.socket.send(await participants[1]!.response(theirs, facts));
    const params = await Promise.all(
      participants.map(({ socket }) => socket.next('keygen_params', ofSession(sessionKey))),
    );
    participants[0]!.socket.send(participants[0]!.round(params[0]!, 1, null));
    await participants[1]!.socket.next('round', ofSession(sessionKey));
    await world.restart();
    await reconnect();
    // Relayed messages without an acknowledgement are relayed again, and still count as sent.
    const again = await participants[1]!.socket.next('round', ofSession(sessionKey));
    expect(again['from']).toBe(1);
    const made = plainKey();
    participants[0]!.socket.send(participants[0]!.keygenResult(params[0]!, made));
    await participants[0]!.socket.settled();
    await world.restart();
    await reconnect();
    participants[1]!.socket.send(participants[1]!.keygenResult(params[1]!, made));
    expect(await coordinator.next('keygen_complete', ofSession(sessionKey))).toMatchObject({
      success: true,
      address: made.address,
    });
  });

  test('1.9.15 in the middle of a signature costs nothing, even after hours', async () => {
    const request = signRequest(key, NAMES, digest);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    const params = await acceptAll(participants, 'sign', key, sessionKey);
    await runRounds(participants, params, 2);
    await world.server.close();
    world.clock.advance(3 * 3_600_000);
    await world.restart();
    await reconnect();
    world.clock.advance(29_000);
    for (const { socket } of participants) await socket.settled();
    expect(
      coordinator.received.filter((m) => m.type === 'error' && ofSession(sessionKey)(m)),
    ).toEqual([]);
    sendSignatures(key, participants, params, digest);
    expect(await coordinator.next('sign_complete', ofSession(sessionKey))).toMatchObject({
      success: true,
    });
  });

  test('a deadline that nobody meets after a restart still ends the session', async () => {
    const request = keygenRequest(NAMES, 2);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    await participants[0]!.socket.next('keygen_invite', ofSession(sessionKey));
    await world.server.close();
    world.clock.advance(3_600_000);
    await world.restart();
    await reconnect();
    world.clock.advance(30_000);
    expect(await coordinator.next('error', ofSession(sessionKey))).toMatchObject({
      code: 'timeout',
    });
  });
});

describe('R-18 a database that is older than what was sent', () => {
  const copy = (from: string, to: string): void => {
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) {
      if (name.startsWith('quorate.db')) copyFileSync(join(from, name), join(to, name));
    }
  };

  test('R-18 reuses no number: a client that has seen more loses no message', async () => {
    const data = join(world.directory, 'data');
    const backup = join(world.directory, 'backup');
    await world.server.close();
    copy(data, backup);
    await world.restart();
    await reconnect();
    const lost = keygenRequest(NAMES, 2);
    coordinator.send(lost);
    const seen = await participants[0]!.socket.next(
      'keygen_invite',
      ofSession(lost['session_key']),
    );
    await world.server.close();
    for (const name of readdirSync(data))
      if (name.startsWith('quorate.db')) rmSync(join(data, name));
    copy(backup, join(world.directory, 'restored'));
    for (const name of readdirSync(backup)) copyFileSync(join(backup, name), join(data, name));
    world.clock.advance(1000);
    // The log of an older database does not go on from the last head that was signed.
    await world.restart({ adoptLog: true });
    const claim = { last_seq: seen['seq'] };
    participants = await Promise.all(NAMES.map((name) => Participant.connect(world, name, claim)));
    coordinator = await world.connect('coordinator', 'coordinator');
    const request = keygenRequest(NAMES, 2);
    coordinator.send(request);
    const fresh = await participants[0]!.socket.next(
      'keygen_invite',
      ofSession(request['session_key']),
    );
    expect(Number(fresh['seq'])).toBeGreaterThan(Number(seen['seq']));
  });

  test('R-18 a client that is ahead of the database is given a new stream and everything again', async () => {
    const request = keygenRequest(NAMES, 2);
    coordinator.send(request);
    const invite = await participants[0]!.socket.next(
      'keygen_invite',
      ofSession(request['session_key']),
    );
    const first = await world.connect('alice', 'participant');
    const { stream } = first.welcome;
    const ahead = await world.connect('alice', 'participant', {
      stream,
      last_seq: Number(invite['seq']) + 1_000_000_000_000,
    });
    expect(ahead.welcome['stream']).not.toBe(stream);
    expect(await ahead.next('keygen_invite', ofSession(request['session_key']))).toMatchObject({
      seq: invite['seq'],
    });
    const settled = await world.connect('alice', 'participant', {
      stream: ahead.welcome['stream'],
    });
    expect(settled.welcome['stream']).toBe(ahead.welcome['stream']);
  });

  test('R-18 a number of another stream claims nothing', async () => {
    const request = keygenRequest(NAMES, 2);
    coordinator.send(request);
    const invite = await participants[0]!.socket.next(
      'keygen_invite',
      ofSession(request['session_key']),
    );
    const foreign = await world.connect('alice', 'participant', {
      stream: 'another-database',
      last_seq: invite['seq'],
    });
    expect(await foreign.next('keygen_invite', ofSession(request['session_key']))).toBeDefined();
  });
});
