import { expect, test } from 'vitest';
import { thrownBy } from '../../../../test/support/thrownBy.ts';
import { transferSecret } from '../../src/threads/transfer.ts';

const secret = (): Uint8Array => new Uint8Array(32).fill(7);

test('J-9: a secret moves to the thread, and nothing of it stays', () => {
  const own = secret();
  let moved = new Uint8Array(0);
  transferSecret(own, (bytes, transfer) => {
    moved = structuredClone(bytes, { transfer: [...transfer] });
    expect(bytes).toHaveLength(0);
  });
  expect(moved).toEqual(secret());
  expect(own.every((byte) => byte === 0)).toBe(true);
});

test.each(['does not post it', 'throws'])('J-9: nothing of it stays if the caller %s', (how) => {
  const own = secret();
  let copy = new Uint8Array(0);
  const failure = new Error('no thread');
  const handOver = (): void =>
    transferSecret(own, (bytes) => {
      copy = bytes;
      if (how === 'throws') throw failure;
    });
  if (how === 'throws') expect(thrownBy(handOver)).toBe(failure);
  else handOver();
  expect([...own, ...copy].every((byte) => byte === 0)).toBe(true);
  expect(copy).toHaveLength(32);
});
