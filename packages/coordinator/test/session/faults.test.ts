import { expect, test } from 'vitest';
import { CEREMONIES } from '../../src/ceremonies/index.ts';
import { insertKey, stageShard } from '../../src/keys/index.ts';
import { noteOrphan } from '../../src/session/orphans.ts';
import { loadSession } from '../../src/session/repository.ts';
import { changeUser } from '../../src/auth/users.ts';
import { openInProcess } from '../support/inProcess.ts';
import type { Received } from '../support/socket.ts';

const PEOPLE = [
  { username: 'coordinator', roles: ['coordinator'] },
  { username: 'alice', roles: ['participant'] },
  { username: 'bob', roles: ['participant'] },
] as const;

const request = {
  type: 'keygen_request',
  session_key: 'one',
  threshold: 2,
  total_parts: 2,
  participants: ['alice', 'bob'],
};
const OTHER = { username: 'other', roles: ['coordinator'] } as const;

const decline = {
  type: 'keygen_response',
  session_key: 'one',
  part_index: 1,
  cpic: '',
  accept: false,
  reason: 'not today',
};
const about = (messages: Received[], type: string): Received[] =>
  messages.filter((message) => message.type === type && message['session_key'] === 'one');

test('a request that cannot be stored invites nobody, and is new when it comes again', async () => {
  const server = await openInProcess(PEOPLE);
  const coordinator = await server.connect('coordinator', 'coordinator');
  const alice = await server.connect('alice', 'participant');
  server.fault.armed = true;
  coordinator.connection.receive(JSON.stringify({ ...request, cseq: 1 }));
  await server.idle();
  expect(about(coordinator.messages(), 'error')).toMatchObject([{ code: 'internal', cseq: 1 }]);
  expect(coordinator.messages().filter(({ type }) => type === 'ack')).toEqual([]);
  expect(about(alice.messages(), 'keygen_invite')).toEqual([]);
  expect(coordinator.state.closed).toBe(1011);
  const again = await server.connect('coordinator', 'coordinator');
  expect(again.messages()[0]).toMatchObject({ type: 'register_complete', last_cseq: 0 });
  again.connection.receive(JSON.stringify({ ...request, cseq: 1 }));
  await server.idle();
  expect(about(alice.messages(), 'keygen_invite')).toHaveLength(1);
  expect(again.messages().filter(({ type }) => type === 'ack')).toEqual([{ type: 'ack', cseq: 1 }]);
});

test('1.2 no acknowledgement covers a message that was lost: those behind it are not taken', async () => {
  const server = await openInProcess(PEOPLE);
  const coordinator = await server.connect('coordinator', 'coordinator');
  const numbered = [1, 2, 3].map((cseq) => ({ ...request, session_key: `key-${cseq}`, cseq }));
  coordinator.connection.receive(JSON.stringify(numbered[0]));
  await server.idle();
  server.fault.armed = true;
  coordinator.connection.receive(JSON.stringify(numbered[1]));
  coordinator.connection.receive(JSON.stringify(numbered[2]));
  await server.idle();
  expect(coordinator.messages().filter(({ type }) => type === 'ack')).toEqual([
    { type: 'ack', cseq: 1 },
  ]);
  const errors = coordinator.messages().filter(({ type }) => type === 'error');
  expect(errors).toMatchObject([{ code: 'internal', cseq: 2, session_key: 'key-2' }]);
  expect(coordinator.state.closed).toBe(1011);
  const again = await server.connect('coordinator', 'coordinator');
  expect(again.messages()[0]).toMatchObject({ last_cseq: 1 });
  for (const message of numbered) again.connection.receive(JSON.stringify(message));
  await server.idle();
  const rows = await server.database.read((tx) =>
    tx.all<{ session_key: string }>('SELECT session_key FROM sessions ORDER BY session_key'),
  );
  expect(rows.map((row) => row.session_key)).toEqual(['key-1', 'key-2', 'key-3']);
});

test('J-6 an answer that cannot be stored is as if it had never come, in memory too', async () => {
  const server = await openInProcess(PEOPLE);
  const coordinator = await server.connect('coordinator', 'coordinator');
  const alice = await server.connect('alice', 'participant');
  coordinator.connection.receive(JSON.stringify(request));
  await server.idle();
  server.fault.armed = true;
  alice.connection.receive(JSON.stringify(decline));
  await server.idle();
  expect(about(alice.messages(), 'error')).toMatchObject([{ code: 'internal' }]);
  expect(about(coordinator.messages(), 'keygen_complete')).toEqual([]);
  alice.connection.receive(JSON.stringify(decline));
  await server.idle();
  expect(about(coordinator.messages(), 'keygen_complete')).toMatchObject([{ success: false }]);
  const rows = await server.database.read((tx) =>
    tx.all<{ number: number }>('SELECT number FROM session_events ORDER BY number'),
  );
  expect(rows.map(({ number }) => number)).toEqual([0, 1]);
});

test('J-6 many messages of one session in one tick are taken one after the other', async () => {
  const server = await openInProcess(PEOPLE);
  const coordinator = await server.connect('coordinator', 'coordinator');
  const alice = await server.connect('alice', 'participant');
  coordinator.connection.receive(JSON.stringify(request));
  for (let n = 0; n < 50; n += 1) alice.connection.receive(JSON.stringify(decline));
  await server.idle();
  expect(about(coordinator.messages(), 'keygen_complete')).toHaveLength(1);
  const errors = about(alice.messages(), 'error').map(({ code }) => code);
  expect(errors.filter((code) => code === 'participant_declined')).toHaveLength(1);
  expect(errors.filter((code) => code === 'wrong_state')).toHaveLength(49);
  expect(server.errors).toEqual([]);
});

test('1.9.4 the same request of another coordinator is a conflict and tells it nothing', async () => {
  const server = await openInProcess([...PEOPLE, OTHER]);
  const coordinator = await server.connect('coordinator', 'coordinator');
  const other = await server.connect('other', 'coordinator');
  coordinator.connection.receive(JSON.stringify(request));
  other.connection.receive(JSON.stringify(request));
  await server.idle();
  expect(about(other.messages(), 'error')).toMatchObject([{ code: 'session_key_conflict' }]);
  expect(about(other.messages(), 'session_state')).toEqual([]);
});

test('a record that belongs to a key is never noted as an orphan, even if a failed session claims it', async () => {
  const server = await openInProcess(PEOPLE);
  const coordinator = await server.connect('coordinator', 'coordinator');
  coordinator.connection.receive(JSON.stringify(request));
  await server.idle();
  const record = { address: '0xA', recordId: '11'.repeat(32) };
  await server.database.transaction(async (tx) => {
    const loaded = await loadSession(tx, CEREMONIES, 'one');
    const leftover = {
      sessionKey: 'one',
      party: loaded!.state.parties[0]!,
      reason: 'aborted',
    } as const;
    const place = { key_id: '00', epoch: 0, part_index: 1, username: 'alice', se_id: 'SE-alice' };
    const chip = { cpic: '', chip_public_key: '', record_id: record.recordId, ciphertext: '' };
    await stageShard(tx, { ...place, ...chip }, 'session:one');
    await insertKey(tx, {
      keyId: '00',
      algorithm: 'ecdsa-secp256k1',
      address: '0xA',
      publicKey: '0x02',
      sessionKey: 'one',
      creator: 'coordinator',
      threshold: 2,
      totalParts: 1,
      at: 0,
    });
    expect(await noteOrphan(tx, { ...leftover, record }, 0)).toBeUndefined();
    const other = { ...record, recordId: '22'.repeat(32) };
    expect(await noteOrphan(tx, { ...leftover, record: other }, 0)).toMatchObject({
      record_id: other.recordId,
    });
  });
});

test('Z-14: nothing is begun while the audit log is not the one that was written, and what runs can end', async () => {
  const server = await openInProcess(PEOPLE);
  const coordinator = await server.connect('coordinator', 'coordinator');
  const alice = await server.connect('alice', 'participant');
  coordinator.connection.receive(JSON.stringify(request));
  await server.idle();
  await server.database.transaction(async (tx) => {
    await tx.run('DELETE FROM audit_entries WHERE seq = (SELECT MAX(seq) FROM audit_entries)', []);
  });
  alice.connection.receive(JSON.stringify(decline));
  await server.idle();
  expect(about(coordinator.messages(), 'keygen_complete')).toMatchObject([{ success: false }]);
  coordinator.connection.receive(JSON.stringify({ ...request, session_key: 'two' }));
  await server.idle();
  const errors = coordinator
    .messages()
    .filter((message) => message.type === 'error' && message['session_key'] === 'two');
  expect(errors).toMatchObject([
    { code: 'audit_broken', message: 'the audit log is not intact: new work is refused' },
  ]);
});

test('1.9.2 a coordinator that lost its role starts nothing, even on a socket that is still open', async () => {
  const server = await openInProcess(PEOPLE, { lasting: true });
  const coordinator = await server.connect('coordinator', 'coordinator');
  // As a request that was under way when the change closed the socket.
  await server.database.transaction((tx) =>
    changeUser(tx, 'coordinator', { roles: ['auditor'] }, server.clock.now()),
  );
  coordinator.connection.receive(JSON.stringify(request));
  await server.idle();
  expect(about(coordinator.messages(), 'error')).toMatchObject([{ code: 'forbidden_role' }]);
});
