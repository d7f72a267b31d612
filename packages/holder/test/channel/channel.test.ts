import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SMALL_X25519 } from '../../../intent/test/support/smallOrder.ts';
import { type ChannelPeer, createChannel, type SealedMessage } from '../../src/channel/channel.ts';
import { createEphemeralKeys, importEphemeralKeys } from '../../src/channel/keys.ts';

const sid = new Uint8Array(32).fill(7);

/** Parties 1..n with channels to each other. */
function parties(count: number, id: Uint8Array = sid) {
  const keys = Array.from({ length: count }, () => createEphemeralKeys());
  return connect(keys, id);
}

function connect(keys: readonly ReturnType<typeof createEphemeralKeys>[], id: Uint8Array) {
  return keys.map((own, at) => {
    const peers: ChannelPeer[] = keys.flatMap(({ x25519, ed25519 }, other) =>
      other === at ? [] : [{ index: other + 1, x25519, ed25519 }],
    );
    return createChannel({ sid: id, index: at + 1, keys: own, peers });
  });
}

const body = randomBytes(500);

describe('channel', () => {
  test('pairwise message reaches its recipient unchanged and nobody else', () => {
    const [a, b, c] = parties(3);
    const sealed = a!.seal({ round: 2, from: 1, to: 2, body });
    const opened = b!.open(sealed);
    expect(opened).toMatchObject({ round: 2, from: 1, to: 2 });
    expect(typeof opened === 'object' && Buffer.from(opened.body).equals(body)).toBe(true);
    expect(c!.open(sealed)).toBe('wrong-recipient');
    expect(c!.open({ ...sealed, to: 3 })).toBe('decryption-failed');
  });

  test('broadcast travels in clear under a signature', () => {
    const [a, b] = parties(2);
    const sealed = a!.seal({ round: 1, from: 1, to: null, body });
    expect(Buffer.from(sealed.body).equals(body)).toBe(true);
    expect(b!.open(sealed)).toMatchObject({ round: 1, from: 1, to: null });
  });

  test('R-1: a relay that rewrites from, to, round or body is ignored', () => {
    const [a, b, c] = parties(3);
    const direct = a!.seal({ round: 2, from: 1, to: 2, body });
    const toThird = a!.seal({ round: 2, from: 1, to: 3, body });
    const all = a!.seal({ round: 1, from: 1, to: null, body });
    expect(b!.open({ ...direct, from: 3 })).toBe('decryption-failed');
    expect(b!.open({ ...direct, from: 9 })).toBe('unknown-sender');
    expect(b!.open({ ...direct, from: 2 })).toBe('unknown-sender');
    expect(b!.open({ ...direct, body: toThird.body })).toBe('decryption-failed');
    expect(b!.open({ ...direct, signature: toThird.signature })).toBe('bad-signature');
    expect(b!.open({ ...direct, round: 3 })).toBe('decryption-failed');
    expect(c!.open({ ...all, from: 2 })).toBe('bad-signature');
    expect(c!.open({ ...all, round: 2 })).toBe('bad-signature');
    expect(b!.open({ ...all, to: 2 })).toBe('decryption-failed');
    expect(b!.open({ ...all, body: all.body.subarray(1) })).toBe('bad-signature');
    expect(b!.open({ ...all, signature: all.signature.subarray(1) })).toBe('malformed');
    expect(b!.open({ ...all, round: 0 })).toBe('malformed');
    expect(b!.open({ ...all, round: 1.5 })).toBe('malformed');
    expect(b!.open({ ...direct, body: new Uint8Array(15) })).toBe('decryption-failed');
  });

  test('R-4: a message of another session is ignored even with the same ephemeral keys', () => {
    const keys = [createEphemeralKeys(), createEphemeralKeys()];
    const [a] = connect(keys, sid);
    const [, other] = connect(keys, new Uint8Array(32).fill(8));
    expect(other!.open(a!.seal({ round: 1, from: 1, to: null, body }))).toBe('bad-signature');
    expect(other!.open(a!.seal({ round: 1, from: 1, to: 2, body }))).toBe('decryption-failed');
  });

  test('R-3: a reflected ciphertext is ignored, because each direction has its own key', () => {
    const [a] = parties(2);
    const sealed = a!.seal({ round: 2, from: 1, to: 2, body });
    expect(a!.open({ ...sealed, from: 2, to: 1 })).toBe('decryption-failed');
  });

  test('R-3: no pair of key and nonce is used for two plaintexts over 100 sessions', () => {
    // The keystream is a function of key and nonce: equal plaintexts make equal streams visible.
    const streams = new Set<string>();
    for (let session = 0; session < 100; session += 1) {
      const channels = parties(3, randomBytes(32));
      for (const [at, channel] of channels.entries()) {
        for (const to of [1, 2, 3].filter((index) => index !== at + 1)) {
          for (const round of [1, 2, 3]) {
            const zeros = new Uint8Array(64);
            const sealed = channel.seal({ round, from: at + 1, to, body: zeros });
            streams.add(Buffer.from(sealed.body.subarray(32, 96)).toString('hex'));
          }
        }
      }
    }
    expect(streams.size).toBe(100 * 3 * 2 * 3);
  });

  test('R-3: a retry sends identical bytes, and other content for the same slot is refused', () => {
    const [a] = parties(2);
    const first = a!.seal({ round: 2, from: 1, to: 2, body });
    const again = a!.seal({ round: 2, from: 1, to: 2, body: Uint8Array.from(body) });
    expect(Buffer.from(again.body).equals(first.body)).toBe(true);
    expect(() => a!.seal({ round: 2, from: 1, to: 2, body: randomBytes(500) })).toThrow(/taken/);
  });

  test('equal private bodies have different signatures, so that a signature reveals nothing', () => {
    const signing = new Uint8Array(32).fill(1);
    const make = () => {
      const own = importEphemeralKeys(new Uint8Array(32).fill(2), signing);
      const peer = importEphemeralKeys(new Uint8Array(32).fill(3), new Uint8Array(32).fill(4));
      return createChannel({ sid, index: 1, keys: own, peers: [{ index: 2, ...peer }] });
    };
    const one = make().seal({ round: 2, from: 1, to: 2, body });
    const two = make().seal({ round: 2, from: 1, to: 2, body });
    expect(Buffer.from(one.signature).equals(two.signature)).toBe(false);
  });

  test('X-4: an all-zero secret is refused for every public key of small order', () => {
    const keys = createEphemeralKeys();
    for (const point of SMALL_X25519) {
      const x25519 = new Uint8Array(Buffer.from(point, 'hex'));
      const peers = [{ index: 2, x25519, ed25519: keys.ed25519 }];
      expect(() => createChannel({ sid, index: 1, keys, peers }), point).toThrow(
        expect.objectContaining({ code: 'session/refused' }),
      );
    }
  });

  test('a closed channel opens nothing', () => {
    const [a, b] = parties(2);
    const sealed = a!.seal({ round: 1, from: 1, to: 2, body });
    b!.close();
    expect(b!.open(sealed)).toBe('unknown-sender');
  });

  test('no bit of a sealed message can be changed', () => {
    const [a, b] = parties(2);
    const sealed = a!.seal({ round: 1, from: 1, to: 2, body: randomBytes(8) });
    for (let bit = 0; bit < sealed.body.length * 8; bit += 1) {
      expect(typeof b!.open(flip(sealed, 'body', bit))).toBe('string');
    }
    for (let bit = 0; bit < 64 * 8; bit += 1) {
      expect(b!.open(flip(sealed, 'signature', bit))).toBe('bad-signature');
    }
  });

  test('recorded broadcast of docs/spec/channel.md keeps its signature', () => {
    const own = importEphemeralKeys(new Uint8Array(32).fill(2), new Uint8Array(32).fill(1));
    const channel = createChannel({ sid, index: 1, keys: own, peers: [] });
    const { signature } = channel.seal({ round: 1, from: 1, to: null, body: Buffer.from('abc') });
    expect(createHash('sha256').update(signature).digest('hex')).toBe(RECORDED);
  });
});

function flip(sealed: SealedMessage, field: 'body' | 'signature', bit: number): SealedMessage {
  const bytes = Uint8Array.from(sealed[field]);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return { ...sealed, [field]: bytes };
}

const RECORDED = '22a7433153f53078d2e9e85f6ca0e3a71b2b2addbef7c3f08175863951192a88';
