import { HolderError, type Logger, silentLogger } from '@quorate/holder';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerMessage } from '@quorate/wire';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from 'ws';
import { ClockSkew } from '../../src/link/clockSkew.ts';
import { createLink } from '../../src/link/link.ts';
import type { Link, LinkOptions } from '../../src/link/types.ts';
import { openLinkState } from '../../src/link/state.ts';
import { expiryOf } from '../../src/link/token.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { type Frame, scriptedServer } from '../support/relay.ts';
import { eventually } from '../../../../test/support/eventually.ts';

const STREAM = 'stream-a';
const immediately = { next: () => 0, reset: () => undefined };

function open(url: string, options: Partial<LinkOptions> = {}) {
  const messages: ServerMessage[] = [];
  const link = createLink({
    url,
    username: 'alice',
    role: 'participant',
    token: async () => 'token',
    batch: true,
    backoff: immediately,
    onMessage: (message) => messages.push(message),
    ...options,
  });
  onTestFinished(() => link.close());
  link.start();
  return { link, messages };
}

const state = (seq: number, session_key = 's1') => ({
  type: 'session_state',
  session_key,
  state: 'running',
  waiting_for: [],
  seq,
});

const decline = (link: Link, session_key: string): void =>
  link.send({
    type: 'keygen_response',
    session_key,
    part_index: 1,
    cpic: '',
    accept: false,
    reason: 'no',
  });

describe('link', () => {
  test('registers first, and sends what was queued once it is registered', async () => {
    const server = await scriptedServer();
    const { link } = open(server.url);
    decline(link, 's1');
    const connection = await server.connection();
    const register = await connection.next();
    expect(register).toEqual({
      type: 'register',
      username: 'alice',
      role: 'participant',
      token: 'token',
      last_seq: 0,
      batch: true,
    });
    connection.send({ type: 'register_complete', success: true, message: '', last_cseq: 7 });
    expect(await connection.next()).toMatchObject({ type: 'keygen_response', cseq: 8 });
  });

  test('delivers each message once, in order, and acknowledges what was processed', async () => {
    const server = await scriptedServer();
    const { messages } = open(server.url);
    const connection = await server.connection();
    await connection.accept({ stream: STREAM });
    connection.send(JSON.stringify([state(1), state(2)]));
    connection.send(state(2));
    connection.send(state(1));
    connection.send(state(3));
    let ack = await connection.next();
    while (ack['seq'] !== 3) ack = await connection.next();
    expect(ack).toEqual({ type: 'ack', seq: 3 });
    expect(messages.map((message) => 'seq' in message && message.seq)).toEqual([1, 2, 3]);
  });

  test('after a lost connection says what it has processed and sends again what was not acknowledged', async () => {
    const server = await scriptedServer();
    const { link } = open(server.url);
    const first = await server.connection();
    await first.accept({ stream: STREAM });
    decline(link, 's1');
    decline(link, 's2');
    expect(await first.next()).toMatchObject({ session_key: 's1', cseq: 1 });
    expect(await first.next()).toMatchObject({ session_key: 's2', cseq: 2 });
    first.send({ type: 'ack', cseq: 1 });
    first.send(state(5));
    expect(await first.next()).toEqual({ type: 'ack', seq: 5 });
    first.socket.terminate();
    const second = await server.connection();
    expect(await second.accept({ stream: STREAM })).toMatchObject({ last_seq: 5, stream: STREAM });
    expect(await second.next()).toMatchObject({ session_key: 's2', cseq: 2 });
  });

  test('R-18: a coordinator with another database starts its numbers anew and loses nothing', async () => {
    const server = await scriptedServer();
    const path = join(temporaryDirectory(), 'link.json');
    const { messages } = open(server.url, { state: openLinkState(path) });
    const first = await server.connection();
    await first.accept({ stream: STREAM });
    first.send(state(90, 'before'));
    expect(await first.next()).toEqual({ type: 'ack', seq: 90 });
    first.socket.terminate();
    const second = await server.connection();
    expect(await second.accept({ stream: 'stream-b' })).toMatchObject({ stream: STREAM });
    second.send(state(3, 'fresh'));
    expect(await second.next()).toEqual({ type: 'ack', seq: 3 });
    expect(messages.map((message) => 'session_key' in message && message.session_key)).toEqual([
      'before',
      'fresh',
    ]);
    expect(openLinkState(path)).toMatchObject({ stream: 'stream-b', seq: 3 });
  });

  test('a frame that is no message is ignored and counted, and the connection stays', async () => {
    const server = await scriptedServer();
    const { link, messages } = open(server.url);
    const connection = await server.connection();
    await connection.accept({ stream: STREAM });
    for (const junk of ['', '{', '[]', '7', '{"type":"nonsense"}', '{"type":"round"}']) {
      connection.send(junk);
    }
    connection.socket.send(Buffer.from('{}'), { binary: true });
    connection.send({ ...state(1), unknown: true });
    connection.send(state(1));
    expect(await connection.next()).toEqual({ type: 'ack', seq: 1 });
    expect(messages).toHaveLength(1);
    expect(link.ignored).toBe(8);
  });

  test('R-8: a frame over 1 MiB costs the connection, not the process, and compression is not offered', async () => {
    const server = await scriptedServer();
    open(server.url);
    const connection = await server.connection();
    await connection.accept({ stream: STREAM });
    expect(connection.socket.extensions).toBe('');
    connection.send(`"${'x'.repeat(1024 * 1024)}"`);
    const again = await server.connection();
    expect(await again.next()).toMatchObject({ type: 'register' });
  });

  test('a message that could not be processed is not acknowledged, and comes again before those after it', async () => {
    const server = await scriptedServer();
    const seen: unknown[] = [];
    let broken = true;
    open(server.url, {
      onMessage: (message) => {
        seen.push('seq' in message && message.seq);
        if (broken && seen.length === 2) throw new Error('broken');
      },
    });
    const first = await server.connection();
    await first.accept({ stream: STREAM });
    first.send(state(1));
    expect(await first.next()).toEqual({ type: 'ack', seq: 1 });
    first.socket.send(JSON.stringify([state(2), state(3)]));
    const second = await server.connection();
    expect(await second.accept({ stream: STREAM })).toMatchObject({ last_seq: 1 });
    broken = false;
    second.socket.send(JSON.stringify([state(2), state(3)]));
    expect(await second.next()).toEqual({ type: 'ack', seq: 3 });
    expect(seen).toEqual([1, 2, 2, 3]);
  });

  test('a message that keeps failing does not make the link reconnect without a pause', async () => {
    const server = await scriptedServer();
    let resets = 0;
    open(server.url, {
      backoff: { next: () => 0, reset: () => (resets += 1) },
      onMessage: () => {
        throw new Error('broken');
      },
    });
    for (let at = 0; at < 3; at += 1) {
      const connection = await server.connection();
      await connection.accept({ stream: STREAM });
      connection.send(state(1));
    }
    await server.connection();
    expect(resets).toBe(1);
  });

  test('a state that cannot be believed ends the link with its error, and nothing is acknowledged', async () => {
    const server = await scriptedServer();
    const failure = new HolderError('store/tampered', 'somebody wrote there');
    const { link } = open(server.url, {
      onMessage: () => {
        throw failure;
      },
    });
    const connection = await server.connection();
    await connection.accept({ stream: STREAM });
    connection.send(state(1));
    await eventually(() => link.status === 'failed');
    expect(link.failure).toBe(failure);
    await expect(link.registered()).rejects.toBe(failure);
    expect(server.frames.map((message) => message.type)).toEqual(['register']);
  });

  test('X-6: a message whose effects a full disk does not take is not acknowledged, and comes again', async () => {
    const server = await scriptedServer();
    let isFull = true;
    let resets = 0;
    const { link, messages } = open(server.url, {
      backoff: { next: () => 0, reset: () => (resets += 1) },
      onMessage: (message) => {
        if (isFull) throw new HolderError('store/failed', 'disk full');
        messages.push(message);
      },
    });
    for (let at = 0; at < 2; at += 1) {
      const connection = await server.connection();
      expect(await connection.accept({ stream: STREAM })).toMatchObject({ last_seq: 0 });
      connection.send(state(1));
    }
    const connection = await server.connection();
    isFull = false;
    await connection.accept({ stream: STREAM });
    connection.send(state(1));
    expect(await connection.next()).toEqual({ type: 'ack', seq: 1 });
    expect(messages).toHaveLength(1);
    // The waits grow until the message is processed.
    expect(resets).toBe(1);
    expect([link.status, link.failure]).toEqual(['registered', undefined]);
  });

  test('X-6: while the state of the link cannot be kept nothing is registered, acknowledged or numbered', async () => {
    const server = await scriptedServer();
    const directory = temporaryDirectory();
    const path = join(directory, 'link.json');
    // A directory in the way of the temporary file, as a disk that takes no write.
    const blockDisk = (): void => mkdirSync(`${path}.tmp`);
    const { link, messages } = open(server.url, { state: openLinkState(path) });
    const first = await server.connection();
    await first.accept({ stream: STREAM });
    await link.registered();
    blockDisk();
    first.send(state(1));
    await eventually(() => messages.length === 1);
    decline(link, 's1');
    const closed = (socket: WebSocket): Promise<undefined> =>
      new Promise((resolve) => {
        if (socket.readyState === socket.CLOSED) resolve(undefined);
        socket.once('close', () => resolve(undefined));
      });
    await closed((await server.connection()).socket);
    expect(server.frames.map(({ type }) => type)).toEqual(['register']);
    rmdirSync(`${path}.tmp`);
    /** The first connection that a registration comes on: those before it were given up. */
    const next = async (): Promise<[Frame, Awaited<ReturnType<typeof server.connection>>]> => {
      const connection = await server.connection();
      const frame = await Promise.race([
        connection.accept({ stream: STREAM }),
        closed(connection.socket),
      ]);
      return frame === undefined ? next() : [frame, connection];
    };
    const [register, connection] = await next();
    expect(register).toMatchObject({ last_seq: 1 });
    expect(await connection.next()).toMatchObject({ type: 'keygen_response', cseq: 1 });
  });

  test('a refused registration ends the link and rejects whoever waits for it', async () => {
    const server = await scriptedServer();
    const { link } = open(server.url);
    const waiting = expect(link.registered()).rejects.toThrow(/refused/);
    const connection = await server.connection();
    await connection.next();
    connection.send({ type: 'register_complete', success: false, message: 'no' });
    connection.socket.close(4401);
    await waiting;
    expect(link.status).toBe('refused');
  });

  test('Z-12: a refused registration is tried again with the token read again, and each reason is said once', async () => {
    const server = await scriptedServer();
    const tokens = ['old', 'old', 'old', 'new'];
    const said: unknown[] = [];
    const logger: Logger = { ...silentLogger, warn: ({ reason }) => void said.push(reason) };
    const { link } = open(server.url, {
      token: async () => tokens.shift() ?? '',
      logger,
      retries: { patience: 1000, elapsed: () => 0, backoff: immediately },
    });
    const registered = link.registered();
    for (const message of ['expired', 'expired', 'unknown user']) {
      const connection = await server.connection();
      expect(await connection.next()).toMatchObject({ type: 'register', token: 'old' });
      connection.send({ type: 'register_complete', success: false, message });
      connection.socket.close(4401);
    }
    const connection = await server.connection();
    expect(await connection.accept({ stream: STREAM })).toMatchObject({ token: 'new' });
    await registered;
    expect(link.status).toBe('registered');
    expect(said).toEqual(['expired', 'unknown user']);
  });

  test('Z-12: refusals end the link when its patience is over, with the reason, and a registration renews it', async () => {
    const server = await scriptedServer();
    let now = 0;
    const details: string[] = [];
    const { link } = open(server.url, {
      retries: { patience: 1000, elapsed: () => now, backoff: immediately },
      onStatus: (status, detail) => void (status === 'refused' && details.push(detail)),
    });
    // Only when the link asks again has it dealt with the refusal before.
    const refuse = async (at: number): Promise<void> => {
      const connection = await server.connection();
      now = at;
      await connection.next();
      connection.send({ type: 'register_complete', success: false, message: 'token expired' });
      connection.socket.close(4401);
    };
    await refuse(0);
    await refuse(999);
    const registered = link.registered();
    const connection = await server.connection();
    await connection.accept({ stream: STREAM });
    await registered;
    connection.socket.terminate();
    await refuse(999);
    await refuse(1998);
    const end = expect(link.registered()).rejects.toMatchObject({ code: 'link/refused' });
    await refuse(1999);
    await end;
    expect(details).toEqual(['token expired']);
  });

  test('R-9: a link that another process replaced does not fight for the registration', async () => {
    const server = await scriptedServer();
    const statuses: string[] = [];
    const { link } = open(server.url, { onStatus: (status) => statuses.push(status) });
    const connection = await server.connection();
    await connection.accept({ stream: STREAM });
    await link.registered();
    connection.socket.close(4409);
    await eventually(() => link.status === 'replaced');
    expect(statuses).toEqual(['connecting', 'registered', 'replaced']);
  });

  test('X-10: a clock that is far from the coordinator’s is said once, with both times, until that changes', () => {
    const said: unknown[] = [];
    const note = (fields: object, message: string) => void said.push({ ...fields, message });
    let now = 3_600_000;
    const skew = new ClockSkew({ ...silentLogger, warn: note, info: note }, () => now);
    skew.see(undefined);
    skew.see(now - 30_000);
    expect(said).toEqual([]);
    skew.see(0);
    now += 10_000;
    skew.see(20_000);
    skew.see(now);
    skew.see(now + 60_000);
    const differ = 'the clocks of this machine and the coordinator differ';
    expect(said).toEqual([
      {
        here: '1970-01-01T01:00:00.000Z',
        coordinator: '1970-01-01T00:00:00.000Z',
        seconds: 3600,
        message: differ,
      },
      {
        here: '1970-01-01T01:00:10.000Z',
        coordinator: '1970-01-01T01:00:10.000Z',
        message: 'the clocks of this machine and the coordinator agree again',
      },
      {
        here: '1970-01-01T01:00:10.000Z',
        coordinator: '1970-01-01T01:01:10.000Z',
        seconds: -60,
        message: differ,
      },
    ]);
  });

  test('X-10: a link learns the coordinator’s time before it registers, and takes no other header for one', async () => {
    const said: unknown[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: ({ coordinator }) => void said.push(coordinator),
    };
    for (const time of ['0', 'noon', '-1', '1e3', '', '9'.repeat(16)]) {
      const server = await scriptedServer([`quorate-time: ${time}`]);
      open(server.url, { logger });
      await server.connection();
    }
    expect(said).toEqual(['1970-01-01T00:00:00.000Z']);
  });

  test('R-12: the token is in no log line', async () => {
    const server = await scriptedServer();
    const lines: string[] = [];
    const write = (fields: object, message: string) =>
      void lines.push(JSON.stringify([fields, message]));
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const { link } = open(server.url, { token: async () => 'very.secret.token', logger });
    const connection = await server.connection();
    await connection.accept({ stream: STREAM });
    await link.registered();
    connection.send('junk very.secret.token');
    connection.send(state(1));
    await connection.next();
    await link.close();
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.join('\n')).not.toContain('secret');
  });

  test('plain ws to another host is refused unless it is allowed', () => {
    const options = {
      username: 'a',
      role: 'participant' as const,
      token: async () => '',
      onMessage: () => undefined,
    };
    for (const url of ['ws://example.org/ws', 'ws://127.evil.example/ws', 'http://127.0.0.1/ws']) {
      expect(() => createLink({ ...options, url }), url).toThrow(/expected ws/);
    }
    createLink({ ...options, url: 'ws://127.0.0.1:1/ws' });
    createLink({ ...options, url: 'ws://[::1]:1/ws' });
    createLink({ ...options, url: 'wss://example.org/ws' });
    createLink({ ...options, url: 'ws://example.org/ws', allowInsecure: true });
  });
});

describe('token', () => {
  test('its expiry is read, and anything else is no token', () => {
    const payload = Buffer.from(JSON.stringify({ exp: 12 })).toString('base64url');
    expect(expiryOf(`h.${payload}.s`)).toBe(12_000);
    for (const text of ['', 'a.b.c', `h.${Buffer.from('7').toString('base64url')}.s`]) {
      expect(expiryOf(text)).toBeUndefined();
    }
  });
});
