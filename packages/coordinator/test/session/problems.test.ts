import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type MadeKey, ofSession, runRounds, signRequest } from '../support/ceremony.ts';
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
let numbers = 1000;

beforeAll(async () => {
  ({ world, coordinator, participants, key } = await openOfficeWithKey(NAMES, 2, {
    progress: true,
  }));
});

afterAll(() => world.end());

beforeEach(() => {
  digest = randomBytes(32).toString('hex');
});

const running = (): ReturnType<typeof acceptedSignature> =>
  acceptedSignature({ coordinator, participants }, key, digest);

/** A broadcast of one round. */
async function speak(params: readonly Received[], at: number, round: number): Promise<void> {
  const { socket } = participants[at]!;
  socket.send(participants[at]!.round(params[at]!, round, null));
  await socket.settled();
}

const problem = (sessionKey: string, at: number, change: object): object => ({
  type: 'round_problem',
  session_key: sessionKey,
  part_index: at + 1,
  ...change,
});

const part = (at: number): object => ({ username: NAMES[at], part_index: at + 1 });

async function refusalOf(at: number, message: object): Promise<Received> {
  const { socket } = participants[at]!;
  socket.send(message);
  // An answer to a message is not stored: the end of a session is, and has a number.
  return socket.next('error', (error) => error['seq'] === undefined);
}

describe('a broadcast that its sender’s session key has not signed', () => {
  const changes: Record<string, (message: Record<string, unknown>) => object> = {
    'a flipped bit of its body': ({ body }) => {
      const bytes = Buffer.from(String(body), 'base64');
      bytes[bytes.length >> 1]! ^= 1;
      return { body: bytes.toString('base64') };
    },
    'a random signature': () => ({ signature: randomBytes(64).toString('base64') }),
  };

  test.each(Object.entries(changes))(
    'Y-4: %s is refused, passed on to nobody, and ends the session with its sender’s name',
    async (_, change) => {
      const { sessionKey, params } = await running();
      const message = participants[0]!.round(params[0]!, 1, null);
      const sent = { ...message, ...change(message), cseq: (numbers += 1) };
      participants[0]!.socket.send(sent);
      const refused = await participants[0]!.socket.next(
        'error',
        (error) => error['cseq'] === sent.cseq,
      );
      expect(refused).toMatchObject({ code: 'invalid_signature', session_key: sessionKey });
      const error = await coordinator.next('error', ofSession(sessionKey));
      expect(error).toMatchObject({ code: 'aborted', concerned: [part(0)] });
      expect(error['details']).toContain('the broadcast of alice in round 1 is not signed');
      await participants[1]!.socket.next('error', ofSession(sessionKey));
      const seen = participants[1]!.socket.received.filter(ofSession(sessionKey));
      expect(seen.filter(({ type }) => type === 'round')).toEqual([]);
    },
  );

  test('Y-4: in the last round it keeps nobody from having the signature', async () => {
    const { sessionKey, params } = await running();
    await runRounds(participants, params, 2);
    await speak(params, 1, 3);
    const message = participants[0]!.round(params[0]!, 3, null);
    const bad = { ...message, signature: randomBytes(64).toString('base64') };
    expect(await refusalOf(0, bad)).toMatchObject({ code: 'invalid_signature' });
    const signature = signPlain(key, digest);
    for (const at of [0, 1, 2]) {
      participants[at]!.socket.send(participants[at]!.signResult(params[at]!, signature));
    }
    const complete = await coordinator.next('sign_complete', ofSession(sessionKey));
    expect(complete).toMatchObject({ success: true, signature });
  });

  test('Y-4: in the last round, without a result, its sender is named beside the silent', async () => {
    const { sessionKey, params } = await running();
    await runRounds(participants, params, 2);
    await speak(params, 1, 3);
    const message = participants[0]!.round(params[0]!, 3, null);
    const bad = { ...message, signature: randomBytes(64).toString('base64') };
    expect(await refusalOf(0, bad)).toMatchObject({ code: 'invalid_signature' });
    expect(await refusalOf(0, bad)).toMatchObject({ code: 'invalid_signature' });
    world.clock.advance(ROUND);
    const error = await coordinator.next('error', ofSession(sessionKey));
    expect(error).toMatchObject({ code: 'unknown_outcome', concerned: [part(0), part(2)] });
    expect(error['details']).toMatch(/nothing came from carol; the broadcast of alice in round 3/);
  });
});

describe('a report of a message that could not be used', () => {
  test('Y-4: names its author and who reports it, not the reporter as silent', async () => {
    const { sessionKey, params } = await running();
    await runRounds(participants, params, 2);
    const report = problem(sessionKey, 1, { from: 1, round: 2, reason: 'decryption' });
    participants[1]!.socket.send(report);
    await participants[1]!.socket.settled();
    const news = await coordinator.next(
      'session_state',
      (message) => ofSession(sessionKey)(message) && message['warnings'] !== undefined,
    );
    expect(news['warnings']).toEqual([
      'bob could not use the message of alice in round 2 (decryption)',
    ]);
    for (const at of [0, 2]) await speak(params, at, 3);
    world.clock.advance(ROUND);
    const error = await coordinator.next('error', ofSession(sessionKey));
    expect(error).toMatchObject({ code: 'unknown_outcome', concerned: [part(0), part(1)] });
    expect(error['details']).toContain('bob could not use the message of alice in round 2');
    expect(error['details']).not.toContain('nothing came from bob');
    expect(error['abort']).toBeUndefined();
    const { body } = await world.rest('GET', `/audit?subject=${sessionKey}&action=round.problem`);
    expect(body['entries']).toMatchObject([
      { actor: 'bob', details: { part_index: 1, round: 2, reason: 'decryption' } },
    ]);
  });

  test('Y-4: hides nobody who was silent', async () => {
    const { sessionKey, params } = await running();
    await runRounds(participants, params, 1);
    participants[1]!.socket.send(
      problem(sessionKey, 1, { from: 1, round: 1, reason: 'signature' }),
    );
    await participants[1]!.socket.settled();
    await speak(params, 0, 2);
    world.clock.advance(ROUND);
    const error = await coordinator.next('error', ofSession(sessionKey));
    expect(error).toMatchObject({ code: 'timeout', concerned: [part(0), part(1), part(2)] });
    expect(error['details']).toContain('nothing came from carol');
    expect(error['details']).toContain('bob could not use the message of alice in round 1');
  });

  test('Y-4: says who waits for what was passed on, and leaves out what the server knows', async () => {
    const { sessionKey, params } = await running();
    await runRounds(participants, params, 2);
    for (const at of [0, 1]) await speak(params, at, 3);
    for (const from of [1, 3]) {
      participants[1]!.socket.send(problem(sessionKey, 1, { from, round: 3, reason: 'missing' }));
    }
    await participants[1]!.socket.settled();
    world.clock.advance(ROUND);
    const error = await coordinator.next('error', ofSession(sessionKey));
    expect(error).toMatchObject({ concerned: [part(0), part(1), part(2)] });
    expect(error['details']).toContain(
      'bob waits for the message of alice in round 3, which was passed on to it',
    );
    expect(error['details']).toContain('nothing came from carol');
    expect(error['details']).not.toContain('message of carol');
  });

  test('Y-4: is about another party and a round of this session, and is taken once', async () => {
    const { sessionKey, params } = await running();
    const about = { from: 1, round: 1, reason: 'decode' };
    for (const [change, code] of [
      [{ from: 2 }, 'invalid_message'],
      [{ from: 4 }, 'invalid_message'],
      [{ round: 4 }, 'invalid_message'],
      [{ part_index: 3 }, 'sender_mismatch'],
      [{ session_key: 'nobody-has-this' }, 'unknown_session'],
    ] as const) {
      const message = problem(sessionKey, 1, { ...about, ...change });
      expect(await refusalOf(1, message), JSON.stringify(change)).toMatchObject({ code });
    }
    const { socket } = participants[1]!;
    socket.send([problem(sessionKey, 1, about), problem(sessionKey, 1, about)]);
    socket.send(problem(sessionKey, 1, { ...about, reason: 'missing' }));
    await socket.settled();
    await runRounds(participants, params, 1);
    world.clock.advance(ROUND);
    const { details } = await coordinator.next('error', ofSession(sessionKey));
    expect(String(details).match(/bob could not use/g)).toHaveLength(1);
  });

  test('Y-4: before everybody has accepted there is nothing to report', async () => {
    const request = signRequest(key, NAMES, digest);
    const sessionKey = String(request['session_key']);
    coordinator.send(request);
    await participants[1]!.socket.next('sign_invite', ofSession(sessionKey));
    const message = problem(sessionKey, 1, { from: 1, round: 1, reason: 'missing' });
    expect(await refusalOf(1, message)).toMatchObject({ code: 'wrong_state' });
  });
});

test('Y-4: a server says in its answer to the upgrade that it takes reports', async () => {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(world.server.wsUrl);
  const header = await new Promise((resolve) =>
    socket.once('upgrade', ({ headers }) => resolve(headers['quorate-features'])),
  );
  socket.terminate();
  expect(header).toContain('round_problem');
});
