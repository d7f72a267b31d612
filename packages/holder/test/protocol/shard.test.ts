import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { thrownBy } from '../../../../test/support/thrownBy.ts';
import { isHolderError } from '../../src/errors.ts';
import { openShard, sealShard, type ShardIdentity } from '../../src/protocol/shard.ts';

const identity: ShardIdentity = {
  publicKey: new Uint8Array(randomBytes(33)),
  address: new Uint8Array(randomBytes(20)),
  partIndex: 2,
  epoch: 0,
  recordId: new Uint8Array(randomBytes(32)),
};
const keyshare = Uint8Array.from(randomBytes(4000));

describe('encrypted shard', () => {
  test('opens with its opener and identity to the bytes that were sealed', () => {
    const { encryptedShard, opener } = sealShard(keyshare, identity);
    expect(Buffer.from(openShard(encryptedShard, opener, identity)).equals(keyshare)).toBe(true);
  });

  test('E-2: does not open for another key, party, epoch, address or record', () => {
    const { encryptedShard, opener } = sealShard(keyshare, identity);
    const others: Partial<ShardIdentity>[] = [
      { publicKey: new Uint8Array(33) },
      { address: new Uint8Array(20) },
      { partIndex: 3 },
      { epoch: 1 },
      { recordId: new Uint8Array(32) },
    ];
    for (const other of others) {
      const error = thrownBy(() => openShard(encryptedShard, opener, { ...identity, ...other }));
      expect(isHolderError(error, 'shard/tampered'), JSON.stringify(Object.keys(other))).toBe(true);
    }
  });

  test('no bit of it can be changed, and every cause has the same error (J-7)', () => {
    const { encryptedShard, opener } = sealShard(keyshare.subarray(0, 64), identity);
    const messages = new Set<string>();
    for (let bit = 0; bit < encryptedShard.length * 8; bit += 1) {
      const tampered = Uint8Array.from(encryptedShard);
      tampered[bit >> 3]! ^= 1 << (bit & 7);
      const error = thrownBy(() => openShard(tampered, opener, identity));
      expect(isHolderError(error, 'shard/tampered')).toBe(true);
      messages.add((error as Error).message);
    }
    for (const length of [0, 1, 12, 28, encryptedShard.length - 1]) {
      const error = thrownBy(() => openShard(encryptedShard.subarray(0, length), opener, identity));
      expect(isHolderError(error, 'shard/tampered')).toBe(true);
      messages.add((error as Error).message);
    }
    expect(messages.size).toBe(1);
  });

  test('E-3: openers and nonces are fresh for every shard', () => {
    const sealed = Array.from({ length: 200 }, () => sealShard(keyshare.subarray(0, 8), identity));
    const nonces = sealed.map(({ encryptedShard }) =>
      Buffer.from(encryptedShard.subarray(1, 13)).toString('hex'),
    );
    const openers = sealed.map(({ opener }) => Buffer.from(opener).toString('hex'));
    expect(new Set(nonces).size).toBe(200);
    expect(new Set(openers).size).toBe(200);
  });

  test('the opened bytes are a plain array whose slices are copies', () => {
    const { encryptedShard, opener } = sealShard(keyshare, identity);
    const opened = openShard(encryptedShard, opener, identity);
    const slice = opened.slice(0, 4);
    opened.fill(0);
    expect(Buffer.from(slice).equals(keyshare.subarray(0, 4))).toBe(true);
  });

  test('a ciphertext that inflates without end is refused', () => {
    const { encryptedShard, opener } = sealShard(new Uint8Array(4 * 1024 * 1024), identity);
    expect(encryptedShard.length).toBeLessThan(10_000);
    const error = thrownBy(() => openShard(encryptedShard, opener, identity));
    expect(isHolderError(error, 'shard/tampered')).toBe(true);
  });
});
