import { addressOf, fromHex, toHex } from '@quorate/intent';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CoordinatorClient } from '../../src/client/client.ts';
import { failure } from '../support/failure.ts';
import { type ScriptedServer, scriptedServer } from '../support/relay.ts';

// The key with the secret 0x11…11, and its signatures of 0x55…55 and 0x66…66.
const publicKey = fromHex('034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa');
const address = addressOf(publicKey);
const data = '5'.repeat(64);

const signature =
  '0xfe2e74825b0aa19bab059e3fc436327a37afa1727e05773bd0bd55d0511339222bfd4bd9ccede4ed984dbe6705953c1ba09afe2bd7e1f02c6d5927d0af353f341c';
const otherSignature =
  '0xae38302d0db565a1ca019ee63edac1fdd3156c188ed624c0bd6475d97b81fa86454accd1fdea9584b6457062b5778859ae996865d77f7d992ce8251094c2e35c1c';

const keygenOrder = {
  session_key: 'k1',
  threshold: 2,
  total_parts: 2,
  participants: ['alice', 'bob'],
};
const signOrder = { ...keygenOrder, session_key: 's1', data, address };

async function connected(server: ScriptedServer, fields: object = {}) {
  const client = new CoordinatorClient({
    url: server.url,
    username: 'carol',
    token: async () => 'token',
    backoff: { next: () => 0, reset: () => undefined },
  });
  onTestFinished(() => client.close());
  const registered = client.connect();
  const connection = await server.connection();
  const register = await connection.accept({ stream: 'stream-a', ...fields });
  await registered;
  return { client, connection, register };
}

describe('coordinator client', () => {
  test('registers as a coordinator that wants progress, and reports it', async () => {
    const server = await scriptedServer();
    const { client, connection, register } = await connected(server);
    expect(register).toMatchObject({ role: 'coordinator', batch: true, progress: true });
    const events: unknown[] = [];
    const outcome = client.ask('keygen', keygenOrder, (event) => events.push(event));
    expect(await connection.next()).toMatchObject({ type: 'keygen_request', ...keygenOrder });
    const state = {
      type: 'session_state',
      session_key: 'k1',
      state: 'invited',
      waiting_for: [{ username: 'alice', part_index: 1, for: 'response' }],
    };
    connection.send({ ...state, seq: 1 });
    connection.send({
      type: 'keygen_complete',
      session_key: 'k1',
      success: true,
      message: '',
      address,
      public_key: `0x${toHex(publicKey)}`,
      seq: 2,
    });
    expect(await outcome).toEqual({
      sessionKey: 'k1',
      address,
      publicKey: `0x${toHex(publicKey)}`,
    });
    expect(events).toMatchObject([{ type: 'state', state }]);
  });

  test('1.9.8 believes no signature that does not verify, and no address of another key', async () => {
    const server = await scriptedServer();
    const { client, connection } = await connected(server);
    const complete = { success: true, message: '' };
    const signed = failure(client.ask('sign', signOrder));
    await connection.next();
    const done = { type: 'sign_complete', session_key: 's1', signature: otherSignature };
    connection.send({ ...done, ...complete, seq: 1 });
    expect((await signed).code).toBe('invalid_result');

    const made = failure(client.ask('keygen', keygenOrder));
    connection.send({
      type: 'keygen_complete',
      session_key: 'k1',
      address: `0x${'1'.repeat(40)}`,
      public_key: `0x${toHex(publicKey)}`,
      ...complete,
      seq: 2,
    });
    expect((await made).code).toBe('invalid_result');
  });

  test('asks for nothing whose payload does not hash to the data', async () => {
    const server = await scriptedServer();
    const { client } = await connected(server);
    const payload = { kind: 'eip191' as const, message: 'hello' };
    await expect(client.ask('sign', { ...signOrder, payload })).rejects.toThrow(/does not hash/);
    expect(server.frames.filter((frame) => frame.type === 'sign_request')).toEqual([]);
  });

  test('a failure has the code, the words and the details of the coordinator', async () => {
    const server = await scriptedServer();
    const { client, connection } = await connected(server);
    const failed = failure(client.ask('sign', signOrder));
    await connection.next();
    const error = { type: 'error', session_key: 's1', code: 'participant_declined' };
    connection.send({ ...error, message: 'a participant declined', details: 'bob: no', seq: 1 });
    const complete = { type: 'sign_complete', session_key: 's1', signature: '' };
    connection.send({ ...complete, success: false, message: 'declined', seq: 2 });
    expect(await failed).toMatchObject({
      code: 'participant_declined',
      message: 'a participant declined: bob: no',
      details: 'bob: no',
    });
  });

  test('a refused request fails at once and is not sent again', async () => {
    const server = await scriptedServer();
    const { client, connection } = await connected(server);
    const failed = failure(client.ask('sign', signOrder));
    const { cseq } = await connection.next();
    const error = { type: 'error', session_key: 's1', code: 'forbidden_key' };
    connection.send({ ...error, message: 'no', details: '', cseq });
    expect((await failed).code).toBe('forbidden_key');
    connection.socket.terminate();
    const second = await server.connection();
    await second.accept({ stream: 'stream-a' });
    client.ask('keygen', keygenOrder).catch(() => undefined);
    expect(await second.next()).toMatchObject({ type: 'keygen_request' });
  });

  test('what was stored before the request is no answer to it: a used session key is told as such', async () => {
    const server = await scriptedServer();
    const { client, connection } = await connected(server, { resumed: 2 });
    const refused = failure(client.ask('sign', signOrder));
    const { cseq } = await connection.next();
    const old = { session_key: 's1', type: 'sign_complete', success: true, message: '' };
    connection.send({ ...old, signature: otherSignature, seq: 1 });
    connection.send({ ...old, signature: otherSignature, seq: 2 });
    const error = { type: 'error', session_key: 's1', code: 'session_key_conflict' };
    connection.send({ ...error, message: 'in use', details: '', cseq, seq: 3 });
    expect((await refused).code).toBe('session_key_conflict');
  });

  test('a repeated request for a session that failed is told why it failed', async () => {
    const server = await scriptedServer();
    const { client, connection } = await connected(server, { resumed: 1 });
    const failed = failure(client.ask('sign', signOrder));
    await connection.next();
    const error = { type: 'error', session_key: 's1', code: 'participant_declined' };
    connection.send({ ...error, message: 'declined', details: '', seq: 1 });
    const complete = { type: 'sign_complete', session_key: 's1', signature: '' };
    connection.send({ ...complete, success: false, message: 'failed', seq: 2 });
    expect((await failed).code).toBe('participant_declined');
  });

  test('Z-13: who connects to a coordinator that stores nothing is told that, and does not wait', async () => {
    const server = await scriptedServer();
    const client = new CoordinatorClient({
      url: server.url,
      username: 'carol',
      token: async () => 'token',
      backoff: { next: () => 0, reset: () => undefined },
    });
    onTestFinished(() => client.close());
    const refused = failure(client.connect());
    const connection = await server.connection();
    await connection.next();
    const message = 'the server cannot store anything now';
    connection.send({ type: 'error', code: 'store_unavailable', message, details: '' });
    connection.socket.close(1013);
    expect(await refused).toMatchObject({ code: 'store_unavailable', message });
  });

  test('Z-13: a request that the coordinator could not store ends with that, and is not sent again', async () => {
    const server = await scriptedServer();
    const { client, connection } = await connected(server);
    const refused = failure(client.ask('sign', signOrder));
    const { cseq } = await connection.next();
    const error = { type: 'error', code: 'store_unavailable', session_key: 's1', cseq };
    connection.send({ ...error, message: 'the server cannot store anything now', details: '' });
    expect((await refused).code).toBe('store_unavailable');
    connection.socket.close(1013);
    const again = await server.connection();
    await again.accept({ stream: 'stream-a', last_cseq: 0 });
    const made = client.ask('keygen', keygenOrder);
    expect(await again.next()).toMatchObject({ type: 'keygen_request' });
    made.catch(() => undefined);
  });

  test('an error without a session ends the request of which nothing was heard, and no other', async () => {
    const server = await scriptedServer();
    const { client, connection } = await connected(server);
    const made = client.ask('keygen', keygenOrder);
    await connection.next();
    const state = { type: 'session_state', session_key: 'k1', state: 'invited', waiting_for: [] };
    connection.send({ ...state, seq: 1 });
    const refused = failure(client.ask('sign', signOrder));
    await connection.next();
    const restarting = { type: 'error', code: 'restarting', message: 'later', details: '' };
    connection.send(restarting);
    connection.send({ ...restarting, code: 'invalid_message', message: 'not valid' });
    expect((await refused).code).toBe('invalid_message');
    const complete = { type: 'keygen_complete', session_key: 'k1', success: true, message: '' };
    connection.send({ ...complete, address, public_key: `0x${toHex(publicKey)}`, seq: 2 });
    expect((await made).address).toBe(address);
  });

  test('a request that is not well formed is refused before anything is sent', async () => {
    const server = await scriptedServer();
    const { client } = await connected(server);
    const malformed = { ...keygenOrder, session_key: 'no spaces here' };
    await expect(client.ask('keygen', malformed)).rejects.toThrow(/session_key/);
    expect(server.frames.map((frame) => frame.type)).toEqual(['register']);
  });

  test('a request that was not acknowledged is made again after a reconnect, and its answer still counts', async () => {
    const server = await scriptedServer();
    const { client, connection } = await connected(server);
    const outcome = client.ask('sign', signOrder);
    const first = await connection.next();
    connection.socket.terminate();
    const second = await server.connection();
    await second.accept({ stream: 'stream-a' });
    expect(await second.next()).toEqual(first);
    const complete = { type: 'sign_complete', session_key: 's1', success: true, message: '' };
    second.send({ ...complete, signature, seq: 1 });
    expect((await outcome).signature).toBe(signature);
  });

  test('two orders with one session key are a conflict before anything is sent', async () => {
    const server = await scriptedServer();
    const { client } = await connected(server);
    client.ask('sign', signOrder).catch(() => undefined);
    await expect(client.ask('keygen', { ...keygenOrder, session_key: 's1' })).rejects.toThrow(
      /running/,
    );
  });

  test('a fresh token is presented on the open socket before the old one expires', async () => {
    const server = await scriptedServer();
    const tokens = [2, 3600].map((seconds) => {
      const claims = { exp: Math.floor(Date.now() / 1000) + seconds };
      return `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;
    });
    const client = new CoordinatorClient({
      url: server.url,
      username: 'carol',
      token: async () => tokens.shift() ?? 'none',
    });
    onTestFinished(() => client.close());
    const [, second] = [...tokens];
    client.connect().catch(() => undefined);
    const connection = await server.connection();
    await connection.accept({ stream: 'stream-a' });
    expect(await connection.next()).toMatchObject({ type: 'register', token: second });
  });
});
