import { expect, test } from 'vitest';
import { fillDisk } from '../support/fullDisk.ts';
import { openInProcess } from '../support/inProcess.ts';
import type { Received } from '../support/socket.ts';

const PEOPLE = [
  { username: 'coordinator', roles: ['coordinator'] },
  { username: 'alice', roles: ['participant'] },
  { username: 'bob', roles: ['participant'] },
] as const;

const request = (session_key: string, extra: object = {}): string =>
  JSON.stringify({
    type: 'keygen_request',
    session_key,
    threshold: 2,
    total_parts: 2,
    participants: ['alice', 'bob'],
    ...extra,
  });
const of = (messages: Received[], type: string, key: string): Received[] =>
  messages.filter((message) => message.type === type && message['session_key'] === key);

test('Z-13: a request that a full disk does not take is answered as that, and is new when it comes again', async () => {
  const server = await openInProcess(PEOPLE);
  const coordinator = await server.connect('coordinator', 'coordinator');
  const alice = await server.connect('alice', 'participant');
  const makeRoom = await fillDisk(server.database);
  let refused = '';
  for (let n = 0; refused === ''; n += 1) {
    coordinator.connection.receive(request(`key-${n}`));
    await server.idle();
    if (of(coordinator.messages(), 'error', `key-${n}`).length > 0) refused = `key-${n}`;
  }
  expect(of(coordinator.messages(), 'error', refused)).toMatchObject([
    { code: 'store_unavailable', message: 'the server cannot store anything now' },
  ]);
  expect(coordinator.state.closed).toBeUndefined();
  expect(of(alice.messages(), 'keygen_invite', refused)).toEqual([]);
  await makeRoom();
  coordinator.connection.receive(request(refused));
  await server.idle();
  expect(of(alice.messages(), 'keygen_invite', refused)).toHaveLength(1);
});

test('Z-13: a numbered message that a full disk does not take closes the socket, to be sent again', async () => {
  const server = await openInProcess(PEOPLE);
  const coordinator = await server.connect('coordinator', 'coordinator');
  const makeRoom = await fillDisk(server.database);
  let cseq = 0;
  while (coordinator.state.closed === undefined) {
    cseq += 1;
    coordinator.connection.receive(request(`key-${cseq}`, { cseq }));
    await server.idle();
  }
  expect(coordinator.state.closed).toBe(1013);
  expect(coordinator.messages().filter(({ code }) => code === 'store_unavailable')).toMatchObject([
    { cseq, session_key: `key-${cseq}` },
  ]);
  await makeRoom();
  const again = await server.connect('coordinator', 'coordinator');
  expect(again.messages()[0]).toMatchObject({ type: 'register_complete', last_cseq: cseq - 1 });
});

test('Z-13: who registers while the disk is full is told why, and not that its token is bad', async () => {
  const server = await openInProcess(PEOPLE);
  const makeRoom = await fillDisk(server.database);
  for (;;) {
    const line = await server.connect('alice', 'participant');
    await server.idle();
    const [first] = line.messages();
    if (first?.type === 'register_complete') continue;
    expect(line.messages()).toMatchObject([{ type: 'error', code: 'store_unavailable' }]);
    expect(line.state.closed).toBe(1013);
    break;
  }
  await makeRoom();
  const line = await server.connect('alice', 'participant');
  expect(line.messages()[0]).toMatchObject({ type: 'register_complete', success: true });
});

test('X-6: deadlines that a full disk does not take pass when there is room again', async () => {
  const server = await openInProcess(PEOPLE);
  const coordinator = await server.connect('coordinator', 'coordinator');
  // More than fits into the pages that the tables have already.
  const keys = Array.from({ length: 40 }, (_, n) => `key-${n}`);
  for (const key of keys) coordinator.connection.receive(request(key));
  await server.idle();
  const ended = (): unknown[] =>
    coordinator.messages().filter(({ type }) => type === 'keygen_complete');
  const makeRoom = await fillDisk(server.database);
  for (const wait of [120_000, 5000, 5000]) {
    server.clock.advance(wait);
    await server.idle();
    expect(ended()).toEqual([]);
  }
  await makeRoom();
  server.clock.advance(5000);
  await server.idle();
  expect(ended()).toHaveLength(keys.length);
  const rows = await server.database.read((tx) =>
    tx.all<{ number: number }>('SELECT number FROM session_events WHERE number > 0'),
  );
  expect(rows).toEqual(keys.map(() => ({ number: 1 })));
});
