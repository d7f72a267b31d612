import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { PEER_LIMITS } from '@quorate/wire';
import { afterEach, describe, expect, test } from 'vitest';
import type { PeerMessage } from '../../src/peer/connection.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import {
  dial,
  envelopeOf,
  type LinkEnd,
  Listener,
  openSocket,
  ownEnd,
  somebody,
  textOf,
} from '../support/links.ts';

const [a, b, stranger] = [somebody('a'), somebody('b'), somebody('stranger')];
const SESSION = 'cd'.repeat(16);
const saying = (text: string, seq = 1): PeerMessage => ({
  type: 'ack',
  sessionId: SESSION,
  round: 0,
  seq,
  plaintext: Buffer.from(text),
  signature: '',
});
const heard = ({ messages }: LinkEnd): string[] =>
  messages.map(({ plaintext }) => Buffer.from(plaintext).toString());

describe('a connection of two cosigners', () => {
  const open: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });

  /** The listening side b, which pins a. */
  const listen = async (): Promise<Listener> => {
    const listener = await Listener.start(ownEnd(b, [a]));
    open.push(() => listener.close());
    return listener;
  };

  /** Both ends, each sure of the other. */
  const joined = async (listener?: Listener): Promise<[LinkEnd, LinkEnd]> => {
    const at = listener ?? (await listen());
    const dialler = await dial(at.url, ownEnd(a, [b]), 'b');
    await eventually(() => expect([dialler.ready, at.last.ready]).toEqual([['b'], ['a']]));
    return [dialler, at.last];
  };

  /** What comes on one connection comes in order: with the last of it, all of it was judged. */
  const until = (end: LinkEnd, text: string): Promise<void> =>
    eventually(() => expect(heard(end)).toContain(text));

  test('R-3: frames are numbered in each direction from 1, so that no nonce comes twice under a key', async () => {
    const ends = await joined();
    for (const [at, end] of ends.entries()) {
      for (const text of ['x', 'y', 'last']) end.connection.send(saying(`${text}${at}`));
    }
    await Promise.all([until(ends[1], 'last0'), until(ends[0], 'last1')]);
    for (const { wrote } of ends) {
      expect(wrote.map((text) => envelopeOf(text).frame)).toEqual([0, 1, 2, 3, 4]);
    }
  });

  test('R-4: a frame that is repeated, at once or later, has no effect', async () => {
    const [from, to] = await joined();
    from.connection.send(saying('once'));
    const frame = from.wrote.at(-1) ?? '';
    from.socket.send(frame);
    from.connection.send(saying('between'));
    for (const text of from.wrote.slice(1)) from.socket.send(text);
    from.connection.send(saying('last'));
    await until(to, 'last');
    expect(heard(to)).toEqual(['once', 'between', 'last']);
    expect(to.refused).toEqual([]);
  });

  test('R-4: a repeated session_sync that concerns all sessions has no effect', async () => {
    const [from, to] = await joined();
    const sync = { ...saying('{"running":[]}', 0), type: 'session_sync', sessionId: '' } as const;
    from.connection.send(sync);
    const frame = from.wrote.at(-1) ?? '';
    for (let time = 0; time < 30; time += 1) from.socket.send(frame);
    from.connection.send(saying('last'));
    await until(to, 'last');
    expect(to.everything.filter(({ sessionId }) => sessionId === '')).toHaveLength(2);
  });

  test('R-6: a frame that another one has overtaken has no effect, and its message comes in a new frame', async () => {
    const [from, to] = await joined();
    const write = from.socket.send.bind(from.socket);
    let held = '';
    from.socket.send = (data: unknown) => {
      held = String(data);
    };
    from.connection.send(saying('late', 7));
    from.socket.send = write;
    from.connection.send(saying('first', 8));
    from.socket.send(held);
    from.connection.send(saying('late', 7));
    await eventually(() => expect(heard(to)).toHaveLength(2));
    expect(to.messages.map(({ seq }) => seq)).toEqual([8, 7]);
  });

  test('R-4: a repeated frame under a newer number has no effect, and what follows is taken', async () => {
    const [from, to] = await joined();
    from.connection.send(saying('once'));
    const envelope = envelopeOf(from.wrote.at(-1));
    from.socket.send(JSON.stringify({ ...envelope, frame: 9 }));
    from.connection.send(saying('last'));
    await until(to, 'last');
    expect(heard(to)).toEqual(['once', 'last']);
  });

  test('R-3: a frame that comes back to who wrote it has no effect', async () => {
    const [from, to] = await joined();
    from.connection.send(saying('mine'));
    await until(to, 'mine');
    const { from: own, to: other, ...rest } = envelopeOf(from.wrote.at(-1));
    for (const ends of [
      { from: own, to: other },
      { from: other, to: own },
    ]) {
      to.socket.send(JSON.stringify({ ...rest, ...ends, frame: 90 }));
      to.socket.send(JSON.stringify({ ...rest, ...ends }));
    }
    to.connection.send(saying('last'));
    await until(from, 'last');
    expect(heard(from)).toEqual(['last']);
  });

  test('R-4: frames of an earlier connection, hello and all, prove nothing in a later one', async () => {
    const listener = await listen();
    const [from] = await joined(listener);
    from.connection.send(saying('then'));
    await until(listener.last, 'then');
    const socket = await openSocket(listener.url);
    const closed = once(socket, 'close');
    for (const text of from.wrote) socket.send(text);
    expect((await closed)[0]).toBe(4401);
    expect(listener.last).toMatchObject({
      ready: [],
      messages: [],
      refused: ['not the pinned key'],
    });
  });

  test('R-1: somebody with the partner’s name and another key is refused, and nothing of it is taken', async () => {
    const listener = await listen();
    const liar = await dial(listener.url, ownEnd({ ...stranger, name: 'a' }, [b]), 'b');
    liar.connection.send(saying('let me in'));
    expect(await liar.closed).toBe(4401);
    expect(listener.last).toMatchObject({
      ready: [],
      messages: [],
      refused: ['not the pinned key'],
    });
  });

  test('R-1: who is dialled and has another key than the pinned one is refused', async () => {
    const listener = await Listener.start(ownEnd({ ...stranger, name: 'b' }, [a]));
    open.push(() => listener.close());
    const dialler = await dial(listener.url, ownEnd(a, [b]), 'b');
    await dialler.closed;
    expect(dialler.ready).toEqual([]);
    expect([...dialler.refused, ...listener.last.refused]).toContain('not the pinned key');
  });

  test('R-1: a partner that nobody pinned is refused', async () => {
    const listener = await listen();
    const unknown = await dial(listener.url, ownEnd(stranger, [b]), 'b');
    expect(await unknown.closed).toBe(4401);
    expect(listener.last).toMatchObject({ ready: [], refused: ['unknown partner'] });
  });

  test('R-1: another partner than the one that was dialled is refused, though it is pinned', async () => {
    const other = { ...ownEnd(stranger, [a]), name: 'b' };
    const listener = await Listener.start(other);
    open.push(() => listener.close());
    const asked = await dial(listener.url, ownEnd(a, [b, stranger]), 'b');
    // It answers to the name that was dialled, and says its own.
    const named = (text: string): string =>
      JSON.stringify({ ...envelopeOf(text), from: 'stranger' });
    const real = asked.socket.listeners('message');
    expect(real).toHaveLength(1);
    asked.socket.removeAllListeners('message');
    asked.socket.on('message', (data, binary) => {
      for (const hear of real) hear.call(asked.socket, Buffer.from(named(textOf(data))), binary);
    });
    expect(await asked.closed).toBe(4401);
    expect(asked).toMatchObject({ ready: [], refused: ['unknown partner'] });
  });

  test('R-1: a hello for somebody else is not answered', async () => {
    const [from] = await joined();
    const listener = await listen();
    const socket = await openSocket(listener.url);
    const closed = once(socket, 'close');
    socket.send(JSON.stringify({ ...envelopeOf(from.wrote[0]), to: 'c' }));
    expect((await closed)[0]).toBe(4429);
    expect(listener.last.wrote).toEqual([]);
  });

  test('R-1: a partner that seals under another name than its own is not heard', async () => {
    const listener = await listen();
    const own = { ...ownEnd(a, [b]) };
    const from = await dial(listener.url, own, 'b');
    await eventually(() => expect(listener.last.ready).toEqual(['a']));
    await eventually(() => expect(from.ready).toEqual(['b']));
    Object.assign(own, { name: 'c' });
    from.connection.send(saying('as somebody else'));
    Object.assign(own, { name: 'a' });
    from.connection.send(saying('last'));
    await until(listener.last, 'last');
    expect(heard(listener.last)).toEqual(['last']);
  });

  test('a partner of another version is refused by that reason', async () => {
    const [from, to] = await joined();
    const hello = envelopeOf(from.wrote[0]);
    const data = Buffer.from(JSON.stringify({ version: 2, ephemeral: 'ab'.repeat(32) }));
    const listener = await listen();
    const socket = await openSocket(listener.url);
    const closed = once(socket, 'close');
    socket.send(JSON.stringify({ ...hello, data: data.toString('base64') }));
    expect((await closed)[0]).toBe(4401);
    expect(listener.last.refused).toEqual(['no hello of version 1']);
    expect(to.refused).toEqual([]);
  });

  test('R-5: some junk of a partner is borne, much of it ends the connection', async () => {
    const [from, to] = await joined();
    from.connection.send(saying('before'));
    const envelope = envelopeOf(from.wrote.at(-1));
    const junk = (): string =>
      JSON.stringify({ ...envelope, frame: 50, data: randomBytes(60).toString('base64') });
    for (let at = 0; at < 19; at += 1) from.socket.send(at % 2 === 0 ? junk() : 'junk');
    from.connection.send(saying('after'));
    await until(to, 'after');
    from.socket.send(junk());
    from.connection.send(saying('too late'));
    expect(await from.closed).toBe(4429);
    expect(heard(to)).toEqual(['before', 'after']);
    expect(to.refused).toEqual(['bad frames']);
  });

  test('R-8: a frame above the limit ends the connection before it is read', async () => {
    const [from, to] = await joined();
    from.socket.send('x'.repeat(PEER_LIMITS.frame + 1));
    await from.closed;
    expect(to.refused).toEqual(['Max payload size exceeded']);
  });

  test('binary frames and frames for somebody else are not read', async () => {
    const [from, to] = await joined();
    from.connection.send(saying('once'));
    const envelope = envelopeOf(from.wrote.at(-1));
    from.socket.send(JSON.stringify({ ...envelope, to: 'c', frame: 60 }));
    from.socket.send(JSON.stringify({ ...envelope, from: 'c', frame: 60 }));
    const write = from.socket.send.bind(from.socket);
    from.socket.send = (data: unknown) => from.writeBinary(String(data));
    from.connection.send(saying('binary'));
    from.socket.send = write;
    from.connection.send(saying('last'));
    await until(to, 'last');
    expect(heard(to)).toEqual(['once', 'last']);
  });
});
