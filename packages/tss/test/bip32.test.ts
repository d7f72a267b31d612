import { describe, expect, test } from 'vitest';
import { createHash } from 'node:crypto';
import { derivePublic } from '../src/bip32.ts';
import { decodePoint, encodePoint } from '../src/curve.ts';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Reads an extended public key: the chain code and the point of its 78 bytes. */
function parseXpub(text: string): { chainCode: Uint8Array; publicKey: Uint8Array } {
  const value = Array.from(text).reduce(
    (sum, digit) => sum * 58n + BigInt(ALPHABET.indexOf(digit)),
    0n,
  );
  const raw = Buffer.from(value.toString(16).padStart(164, '0'), 'hex');
  const twice = createHash('sha256')
    .update(createHash('sha256').update(raw.subarray(0, 78)).digest())
    .digest();
  expect(twice.subarray(0, 4)).toEqual(raw.subarray(78));
  return {
    chainCode: new Uint8Array(raw.subarray(13, 45)),
    publicKey: new Uint8Array(raw.subarray(45, 78)),
  };
}

/** Parent, index, child: the public derivations of BIP32's test vectors 1 and 2. */
const VECTORS: readonly (readonly [string, string, number, string])[] = [
  [
    "vector 1, m/0'/1",
    'xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw',
    1,
    'xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ',
  ],
  [
    'vector 2, m/0',
    'xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB',
    0,
    'xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH',
  ],
];

describe('N-13: BIP32 public derivation', () => {
  test.each(VECTORS)('%s', (_, parent, index, child) => {
    const from = parseXpub(parent);
    const to = parseXpub(child);
    const point = decodePoint(from.publicKey);
    if (point === null) throw new Error('vector is not a point');
    const derived = derivePublic(point, from.chainCode, [index]);
    expect(encodePoint(derived.publicKey)).toEqual(to.publicKey);
    expect(derived.chainCode).toEqual(to.chainCode);
  });

  test.each([[0x80000000], [-1], [1.5], [2 ** 32]])('refuses index %d', (index) => {
    const point = decodePoint(parseXpub(VECTORS[0]?.[1] ?? '').publicKey);
    if (point === null) throw new Error('vector is not a point');
    expect(() => derivePublic(point, new Uint8Array(32), [index])).toThrow(/not in 0\.\./);
  });

  test('refuses a path that is too long', () => {
    const point = decodePoint(parseXpub(VECTORS[0]?.[1] ?? '').publicKey);
    if (point === null) throw new Error('vector is not a point');
    expect(() => derivePublic(point, new Uint8Array(32), Array(17).fill(0))).toThrow('at most 16');
  });
});
