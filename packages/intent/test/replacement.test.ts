import { describe, expect, test } from 'vitest';
import {
  replacementRequestHash,
  replacementSessionKey,
  type ReplacementStep,
  replacementStepHash,
  toHex,
} from '../src/index.ts';

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

const request = {
  nonce: bytes(32, 1),
  username: 'bob',
  oldChip: bytes(65, 2),
  newChip: bytes(65, 3),
  seId: 'bob-2',
  retire: 'destroyed',
  kind: 'pcsc',
} as const;

const shard = {
  replacementId: '00112233445566778899aabbccddeeff',
  username: 'bob',
  keyId: bytes(32, 4),
  address: bytes(20, 5),
  partIndex: 2,
  epoch: 0,
  recordId: bytes(32, 6),
  oldChip: bytes(65, 2),
  newChip: bytes(65, 3),
};

const STEPS: ReplacementStep[] = ['release', 'prove', 'seal', 'delete', 'deleted', 'discard'];

describe('replacement of a chip', () => {
  test('a request is hashed to the same bytes for ever', () => {
    expect(toHex(replacementRequestHash(request))).toMatchInlineSnapshot(
      `"b5bd21582c19a193612a66660185cee9fc3c73209343bdef8b1ef04d1b98424a"`,
    );
    expect(toHex(replacementStepHash('release', shard))).toMatchInlineSnapshot(
      `"d1664bee38e21a269e9cac5971d02dbdd35aac4de488cfb27b8b1880ee9867a6"`,
    );
  });

  test('a request for anything else has another hash', () => {
    const changes = [
      { nonce: bytes(32, 9) },
      { username: 'eve' },
      { oldChip: bytes(65, 9) },
      { newChip: bytes(65, 9) },
      { oldChip: request.newChip, newChip: request.oldChip },
      { seId: 'bob-3' },
      { retire: 'disabled' as const },
      { kind: 'virtual' },
    ];
    const hashes = changes.map((change) =>
      toHex(replacementRequestHash({ ...request, ...change })),
    );
    expect(new Set([...hashes, toHex(replacementRequestHash(request))])).toHaveLength(
      changes.length + 1,
    );
  });

  test('every step of every shard of every replacement has a hash of its own', () => {
    const changes = [
      {},
      { replacementId: 'ff' },
      { username: 'eve' },
      { keyId: bytes(32, 9) },
      { address: bytes(20, 9) },
      { partIndex: 3 },
      { epoch: 1 },
      { recordId: bytes(32, 9) },
      { oldChip: bytes(65, 9) },
      { newChip: bytes(65, 9) },
    ];
    const hashes = STEPS.flatMap((step) =>
      changes.map((change) => toHex(replacementStepHash(step, { ...shard, ...change }))),
    );
    hashes.push(toHex(replacementStepHash('seal', shard, bytes(32, 9))));
    expect(new Set(hashes)).toHaveLength(STEPS.length * changes.length + 1);
  });

  test('the session key names the replacement', () => {
    expect(replacementSessionKey('ab')).toBe('replace.ab');
  });
});
