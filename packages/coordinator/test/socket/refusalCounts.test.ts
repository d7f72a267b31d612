import { LIMITS } from '@quorate/wire';
import { expect, test } from 'vitest';
import type { Received } from '../support/socket.ts';
import { type InProcess, type Line, openInProcess } from '../support/inProcess.ts';

const PEOPLE = [
  { username: 'coordinator', roles: ['coordinator'] },
  { username: 'alice', roles: ['participant'] },
  { username: 'bob', roles: ['participant'] },
  { username: 'mallory', roles: ['participant'] },
] as const;

const { told, count } = LIMITS.refusals;

const stray = (n: number): object => ({
  type: 'sign_result',
  session_key: `none-${n}`,
  part_index: 1,
  success: false,
  message: '',
});

async function sendStray(server: InProcess, line: Line, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 1) {
    line.connection.receive(JSON.stringify(stray(n)));
    if (n % 200 === 199) await server.idle();
  }
  await server.idle();
}

const codes = (messages: readonly Received[]): unknown[] =>
  messages.filter(({ type }) => type === 'error').map(({ code }) => code);

const entries = async (server: InProcess, actor: string, action: string) =>
  (await server.audit.list({ actor, action, limit: 5000 })).toReversed();

test('R-8 refused messages of a participant are answered and stored nowhere', async () => {
  const server = await openInProcess(PEOPLE);
  const mallory = await server.connect('mallory', 'participant');
  await sendStray(server, mallory, 0, 150);
  expect(codes(mallory.messages())).toEqual(Array(150).fill('unknown_session'));
  const rows = await server.database.read((tx) => tx.all('SELECT seq FROM outbox'));
  expect(rows).toEqual([]);
  expect(await entries(server, 'mallory', 'sign.result')).toMatchObject([
    { subject: 'none-0', outcome: 'refused', details: { code: 'unknown_session' } },
  ]);
  server.clock.advance(60_000);
  await server.idle();
  expect(await entries(server, 'mallory', 'session.refuse')).toMatchObject([
    { outcome: 'refused', details: { code: 'unknown_session', count: 149 } },
  ]);
});

test('R-8 whoever is refused too often is told only that, and then disconnected with 4429', async () => {
  const server = await openInProcess(PEOPLE);
  const coordinator = await server.connect('coordinator', 'coordinator');
  const mallory = await server.connect('mallory', 'participant');
  await sendStray(server, mallory, 0, told + 2);
  expect(codes(mallory.messages()).slice(-3)).toEqual([
    'unknown_session',
    'rate_limited',
    'rate_limited',
  ]);
  await sendStray(server, mallory, told + 2, count - 1);
  expect(mallory.state.closed).toBeUndefined();
  await sendStray(server, mallory, count - 1, count);
  expect(mallory.state.closed).toBe(4429);
  // A new connection does not start at nothing, and the others notice none of it.
  const again = await server.connect('mallory', 'participant');
  await sendStray(server, again, 0, 1);
  expect(again.state.closed).toBe(4429);
  coordinator.connection.receive(
    JSON.stringify({
      type: 'keygen_request',
      session_key: 'one',
      threshold: 2,
      total_parts: 2,
      participants: ['alice', 'bob'],
    }),
  );
  await server.idle();
  expect(codes(coordinator.messages())).toEqual([]);
  expect(await entries(server, 'mallory', 'socket.refuse')).toHaveLength(1);
  server.clock.advance(60_000);
  const later = await server.connect('mallory', 'participant');
  await sendStray(server, later, 0, 1);
  expect(codes(later.messages())).toEqual(['unknown_session']);
});

test('R-8 malformed frames of a registered user leave one entry a minute and their number', async () => {
  const server = await openInProcess(PEOPLE);
  const mallory = await server.connect('mallory', 'participant');
  for (let n = 0; n < 10; n += 1) mallory.connection.receive('{');
  await server.idle();
  expect(await entries(server, 'mallory', 'socket.refuse')).toHaveLength(1);
  server.clock.advance(60_000);
  await server.idle();
  expect((await entries(server, 'mallory', 'socket.refuse')).at(-1)).toMatchObject({
    details: { code: 'invalid_message', count: 9 },
  });
});

test('the refusal of a request is stored, because a coordinator waits for it', async () => {
  const server = await openInProcess(PEOPLE);
  const coordinator = await server.connect('coordinator', 'coordinator');
  const request = {
    type: 'keygen_request',
    session_key: 'one',
    threshold: 2,
    total_parts: 2,
    participants: ['alice', 'nobody'],
    cseq: 1,
  };
  coordinator.connection.receive(JSON.stringify(request));
  await server.idle();
  const again = await server.connect('coordinator', 'coordinator');
  await server.idle();
  expect(again.messages()).toContainEqual(
    expect.objectContaining({ code: 'invalid_participants', cseq: 1, seq: expect.any(Number) }),
  );
});

test('1.1 a take-over and an expired token are in the audit log', async () => {
  const server = await openInProcess(PEOPLE);
  const first = await server.connect('alice', 'participant');
  const second = await server.connect('alice', 'participant');
  await server.idle();
  expect(first.state.closed).toBe(4409);
  expect(await entries(server, 'alice', 'socket.replace')).toMatchObject([
    { details: { code: 'replaced', role: 'participant', remote: 'here' } },
  ]);
  server.clock.advance(86_400_000);
  await server.idle();
  expect(second.state.closed).toBe(4403);
  expect(await entries(server, 'alice', 'socket.expire')).toMatchObject([
    { details: { code: 'token_expired' } },
  ]);
});

test('R-9 a registration as somebody else on an open socket is in the audit log', async () => {
  const server = await openInProcess(PEOPLE);
  const alice = await server.connect('alice', 'participant');
  alice.connection.receive(
    JSON.stringify({ type: 'register', username: 'bob', role: 'participant', token: 'x' }),
  );
  await server.idle();
  expect(alice.state.closed).toBe(4401);
  expect((await entries(server, 'bob', 'socket.register')).at(-1)).toMatchObject({
    outcome: 'refused',
    details: { code: 'forbidden_role' },
  });
});

test('R-8 messages about orphans have a rate of their own, since each good one is audited and answered', async () => {
  const server = await openInProcess(PEOPLE);
  const mallory = await server.connect('mallory', 'participant');
  const message = { type: 'orphan_result', session_key: 'none', part_index: 1, success: false };
  for (const batch of [150, 150, 20]) {
    for (let n = 0; n < batch; n += 1) {
      mallory.connection.receive(JSON.stringify({ ...message, message: '' }));
    }
    await server.idle();
    server.clock.advance(61_000);
  }
  const errors = mallory.messages().filter(({ type }) => type === 'error');
  expect(errors).toHaveLength(320);
  const limited = errors.filter(({ details }) => details === 'too many deletions');
  expect(limited.length).toBe(8);
  expect(codes(limited)).toEqual(Array(8).fill('rate_limited'));
});
