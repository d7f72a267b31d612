import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createDecipheriv, generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { framed, toHex, u16, u64 } from '@quorate/intent';
import { PeerEnvelope, PeerInit } from '@quorate/wire';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { fixturePairs } from '../../../test/support/fixturePrimes.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { x25519Raw } from '../src/keys.ts';
import { isExpected, signable } from '@quorate/two-party';
import { ReliableSender } from '../src/peer/reliableSender.ts';
import type { PeerMessage } from '../src/peer/connection.ts';
import { deriveLinkKeys, makeEphemeral, openData, sealData } from '../src/peer/secure.ts';
import { openPrimePool } from '../src/store/primePool.ts';

describe('a message', () => {
  test('becomes the digest that its hash says', () => {
    expect(toHex(signable('abc', 'sha256').digest)).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(toHex(signable('', 'keccak256').digest)).toBe(
      'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
    );
    expect(toHex(signable('hello', 'eip191').digest)).toBe(
      '50b2c43fd39106bafbba0da34fc430e1f91e3c96ea2acee2bc34119f92b37750',
    );
    const digest = '11'.repeat(32);
    expect(toHex(signable(`0x${digest}`, 'none').digest)).toBe(digest);
  });

  test('with another hash is another intent, whatever the digest', () => {
    const text = '11'.repeat(32);
    expect(signable(text, 'none').payloadHash).not.toEqual(signable(text, 'sha256').payloadHash);
  });
});

describe('the pool of primes', () => {
  const [first, second] = fixturePairs(2048);
  if (first === undefined || second === undefined) throw new Error('no fixture primes');

  test('P-13: gives each pair once, and it is gone from the disk before it is given', () => {
    const directory = temporaryDirectory();
    const pool = openPrimePool(directory, randomBytes(32));
    pool.add(2048, first);
    pool.add(2048, second);
    const taken = [pool.take(2048), pool.take(2048)];
    expect(new Set(taken.map((pair) => pair?.[0]))).toEqual(new Set([first[0], second[0]]));
    expect(readdirSync(directory)).toEqual([]);
    expect(pool.take(2048)).toBeNull();
    expect(pool.take(3072)).toBeNull();
  });

  test('does not open a file under another key, changed, or under another name', () => {
    const directory = temporaryDirectory();
    const key = randomBytes(32);
    openPrimePool(directory, key).add(2048, first);
    const [name = ''] = readdirSync(directory);
    const sealed = readFileSync(join(directory, name));
    expect(() => openPrimePool(directory, randomBytes(32)).take(2048)).toThrow('cannot be opened');
    const changed = Buffer.from(sealed);
    changed[20] = (changed[20] ?? 0) ^ 1;
    writeFileSync(join(directory, name), changed);
    expect(() => openPrimePool(directory, key).take(2048)).toThrow('cannot be opened');
    writeFileSync(join(directory, '2048-ffffffffffffffff.sealed'), sealed);
    expect(() => openPrimePool(directory, key).take(2048)).toThrow('cannot be opened');
    expect(openPrimePool(directory, key).take(2048)).toBeNull();
    expect(sealed.includes(Buffer.from(first[0].toString(16), 'hex'))).toBe(false);
  });
});

describe('a connection', () => {
  const static1 = generateKeyPairSync('x25519').privateKey;
  const static2 = generateKeyPairSync('x25519').privateKey;
  const stranger = generateKeyPairSync('x25519').privateKey;
  const [e1, e2] = [makeEphemeral(), makeEphemeral()];
  const end = (ownName: string, ownStatic = static1, partner = static2, own = e1, other = e2) => ({
    ownName,
    ownStatic,
    ownEphemeral: own,
    partnerName: ownName === 'a' ? 'b' : 'a',
    partnerStatic: x25519Raw(partner),
    partnerEphemeral: other.publicKey,
  });
  const a = deriveLinkKeys(end('a'));
  const b = deriveLinkKeys(end('b', static2, static1, e2, e1));
  const header = {
    type: 'abort',
    session_id: '00'.repeat(16),
    from: 'a',
    to: 'b',
    round: 0,
    seq: 1,
    frame: 3,
    timestamp: 5,
    signature: '',
  } as const;

  test('carries what one end says to the other, and no end understands itself', () => {
    const data = sealData(a, header, Buffer.from('hello'));
    expect(openData(b, { ...header, data })?.toString()).toBe('hello');
    expect(openData(a, { ...header, data })).toBeUndefined();
  });

  test('R-3: is sealed as the specification says: the number is the nonce, and in the associated data', () => {
    const sealed = Buffer.from(sealData(a, header, Buffer.from('hello')), 'base64');
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(BigInt(header.frame));
    const nonce = Buffer.concat([Buffer.alloc(4), number]);
    const { type, session_id, from, to, signature, round, seq, timestamp, frame } = header;
    const texts = [type, session_id, from, to, signature].map((text) => Buffer.from(text));
    const numbers = [u16(round), u64(seq), u64(timestamp), u64(frame)];
    const opener = createDecipheriv('chacha20-poly1305', b.incoming, nonce, { authTagLength: 16 });
    opener.setAAD(framed('quorate/v1/cosigner/envelope', ...texts, ...numbers), {
      plaintextLength: 5,
    });
    opener.setAuthTag(sealed.subarray(5));
    const text = Buffer.concat([opener.update(sealed.subarray(0, 5)), opener.final()]);
    expect(text.toString()).toBe('hello');
  });

  test('R-3: two frames under one key share no keystream', () => {
    const [one, two] = [1, 2].map((frame) =>
      Buffer.from(sealData(a, { ...header, frame }, Buffer.alloc(64)), 'base64').subarray(0, 64),
    );
    expect(one).not.toEqual(two);
  });

  test.each([
    ['type', { type: 'ack' }],
    ['session', { session_id: '11'.repeat(16) }],
    ['sender', { from: 'c' }],
    ['receiver', { to: 'c' }],
    ['round', { round: 1 }],
    ['number', { seq: 2 }],
    ['frame number', { frame: 4 }],
    ['time', { timestamp: 6 }],
    ['signature', { signature: 'AAAA' }],
  ] as const)('does not understand a message whose %s was changed', (_, change) => {
    const data = sealData(a, header, Buffer.from('hello'));
    expect(openData(b, PeerEnvelope.parse({ ...header, ...change, data }))).toBeUndefined();
  });

  test('is not understood without the pinned key, nor after another hello', () => {
    const data = sealData(a, header, Buffer.from('hello'));
    const strange = deriveLinkKeys(end('b', stranger, static1, e2, e1));
    const later = deriveLinkKeys(end('b', static2, static1, makeEphemeral(), e1));
    for (const keys of [strange, later]) {
      expect(openData(keys, { ...header, data })).toBeUndefined();
    }
  });

  test('X-4: refuses a key of small order', () => {
    const bad = { ...end('a'), partnerEphemeral: new Uint8Array(32) };
    expect(() => deriveLinkKeys(bad)).toThrow(
      expect.objectContaining({ code: 'intent/public-key' }),
    );
  });
});

describe('a sender', () => {
  afterEach(() => vi.useRealTimers());

  const mail = { type: 'ack', round: 0, plaintext: new Uint8Array(), signature: '' } as const;

  test('repeats after 0.25 s, then twice as long, at most 8 s, until the message is acknowledged', () => {
    vi.useFakeTimers();
    const times: number[] = [];
    const sender = new ReliableSender('x', () => times.push(Date.now()) > 0);
    const start = Date.now();
    sender.post(mail);
    vi.advanceTimersByTime(30_000);
    const waits = times.map((time, at) => time - (times[at - 1] ?? start));
    expect(waits).toEqual([0, 250, 500, 1000, 2000, 4000, 8000, 8000]);
    sender.acknowledged(1);
    vi.advanceTimersByTime(60_000);
    expect(times).toHaveLength(8);
  });

  test('numbers its messages, tells old numbers, and sends all again when the partner is back', () => {
    const sent: PeerMessage[] = [];
    const sender = new ReliableSender('x', (message) => sent.push(message) > 0);
    sender.post(mail);
    sender.post(mail);
    sender.acknowledged(1);
    sender.resend();
    expect(sent.map(({ seq }) => seq)).toEqual([1, 2, 2]);
    expect([sender.isNew(7), sender.isNew(7), sender.isNew(8)]).toEqual([true, false, true]);
    const more = Array.from({ length: 1000 }, (_, at) => sender.isNew(100 + at));
    expect(more.filter(Boolean)).toHaveLength(254);
    sender.close();
  });
});

describe('steps', () => {
  test('L-13: a message counts only from the side that says it, in its round', () => {
    expect(isExpected('sign', { type: 'sign_commit', round: 1 }, 1)).toBe(true);
    expect(isExpected('sign', { type: 'sign_commit', round: 1 }, 2)).toBe(false);
    expect(isExpected('sign', { type: 'sign_commit', round: 2 }, 1)).toBe(false);
    expect(isExpected('sign', { type: 'pre_params', round: 1 }, 1)).toBe(false);
    expect(isExpected('keygen', { type: 'pre_params', round: 1 }, 2)).toBe(true);
    expect(isExpected('refresh', { type: 'keygen_p1_data', round: 3 }, 2)).toBe(false);
  });

  test('an oversized number is refused by the length of its field', () => {
    const init = { operation: 'sign', reply: false, certificate: 'A'.repeat(400) };
    expect(PeerInit.safeParse(init).success).toBe(false);
    const envelope = {
      type: 'sign_open',
      session_id: '',
      from: 'a',
      to: 'b',
      round: 65,
      seq: 0,
      frame: 1,
      data: 'AAAA',
      timestamp: 0,
      signature: '',
    };
    expect(PeerEnvelope.safeParse(envelope).success).toBe(false);
  });
});
