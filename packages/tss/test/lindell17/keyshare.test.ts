import { describe, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import { DecodeError } from '../../src/index.ts';
import { Keyshare } from '../../src/dkls23/index.ts';
import { TwoPartyKeyshare } from '../../src/lindell17/index.ts';
import { frozenBytes, frozenShares } from '../support/twoParty.ts';

const CASES = ([2048, 3072] as const).flatMap((bits) =>
  ([1, 2] as const).map((party) => ({ bits, party })),
);

test.each(CASES)(
  'the keyshare of P$party with $bits bits of version 1 is still read, and written to the same bytes',
  ({ bits, party }) => {
    const keyshare = TwoPartyKeyshare.decode(frozenBytes(bits, party));
    expect([keyshare.index, keyshare.bits]).toEqual([party, bits]);
    expect(keyshare.encode()).toEqual(frozenBytes(bits, party));
  },
);

describe.each([1, 2] as const)('a keyshare of P%i is refused', (party) => {
  const whole = frozenBytes(2048, party);
  const altered = (at: number, value: number): Uint8Array => {
    const bytes = whole.slice();
    bytes[at] = value;
    return bytes;
  };
  /** Offsets of the fields behind magic and header. */
  const AT = { secretShare: 180, N: 212, encryptedShare: 468, pedersenN: 980, s: 1236, t: 1492 };

  test.each([
    ['another magic', 0, 0x50, 'keyshare:'],
    ['another version', 3, 2, 'keyshare:'],
    ['the protocol of t-of-n keys', 4, 1, 'keyshare:'],
    ['index zero', 6, 0, 'keyshare.index'],
    ['L-13: the other role', 6, 3 - party, 'keyshare'],
    ['an index of 3', 6, 3, 'keyshare.index'],
    ['another size', 8, 9, 'keyshare.bits'],
    ['the other size', 7, 0x0c, 'keyshare'],
    ['a public key that is no point', 45, 7, 'keyshare.publicKey'],
    ['another public key', 45, (whole[45] ?? 0) ^ 1, 'keyshare.publicShares'],
    [
      'another share',
      AT.secretShare + 31,
      (whole[AT.secretShare + 31] ?? 0) ^ 1,
      'keyshare.secretShare',
    ],
    ['a short modulus', AT.N, 0x7f, 'keyshare.N'],
    ['an even modulus', AT.N + 255, 0, 'keyshare.N'],
    ['an even ring-Pedersen modulus', AT.pedersenN + 255, 0, 'keyshare.pedersen'],
    ['a short ring-Pedersen modulus', AT.pedersenN, 0, 'keyshare.pedersen'],
  ])('for %s', (_, at, value, path) => {
    const refusal = () => TwoPartyKeyshare.decode(altered(at, value));
    expect(refusal).toThrow(DecodeError);
    expect(refusal).toThrow(path);
  });

  test.each([
    ['an encrypted share of zero', AT.encryptedShare, 512, 0, 'keyshare.encryptedShare'],
    ['an encrypted share beyond N²', AT.encryptedShare, 512, 0xff, 'keyshare.encryptedShare'],
    ['s = 0', AT.s, 256, 0, 'keyshare.pedersen'],
    ['t beyond Ñ', AT.t, 256, 0xff, 'keyshare.pedersen'],
  ])('for %s', (_, start, length, value, path) => {
    const bytes = whole.slice().fill(value, start, start + length);
    expect(() => TwoPartyKeyshare.decode(bytes)).toThrow(path);
  });

  test('for every truncation in its head, near its end, and for a trailing byte', () => {
    const lengths = [...Array.from({ length: 400 }, (_, at) => at), whole.length - 1];
    for (const length of lengths) {
      expect(() => TwoPartyKeyshare.decode(whole.slice(0, length))).toThrow(DecodeError);
    }
    expect(() => TwoPartyKeyshare.decode(new Uint8Array([...whole, 0]))).toThrow(DecodeError);
  });

  test('as a keyshare of a t-of-n key', () => {
    expect(() => Keyshare.decode(whole)).toThrow(DecodeError);
  });
});

test('P1’s factors must be those of N', () => {
  const bytes = frozenBytes(2048, 1);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 2;
  expect(() => TwoPartyKeyshare.decode(bytes)).toThrow(/factors of N/);
});

test('J-3: wipe leaves no secret bytes behind, and nothing works afterwards', () => {
  for (const keyshare of frozenShares()) {
    const { secretShare, primes } = keyshare.fields;
    keyshare.wipe();
    expect([...secretShare, ...primes].every((byte) => byte === 0)).toBe(true);
    expect(keyshare.wiped).toBe(true);
    expect(() => keyshare.encode()).toThrow(/wiped/);
  }
});

test('J-10: wipe makes the backend release the factors of N and their squares, once', () => {
  const release = vi.spyOn(backend, 'release');
  const [first, second] = frozenShares();
  const { p, q } = first.paillierSecret();
  for (const keyshare of [first, first, second]) keyshare.wipe();
  expect(release.mock.calls).toEqual([[p, q, p * p, q * q]]);
  release.mockRestore();
});

test('P-13: decoded bytes name N and P1’s Ñ as moduli', () => {
  for (const { fields, moduli } of frozenShares()) {
    expect(moduli).toEqual([fields.N, fields.pedersen.N]);
  }
});

test('P2 has no Paillier key, and no keyshare shows its secrets', () => {
  const [first, second] = frozenShares();
  expect(() => second.paillierSecret()).toThrow(/only P1/);
  expect(JSON.stringify({ first, second })).toBe(
    '{"first":"TwoPartyKeyshare(P1, secret redacted)","second":"TwoPartyKeyshare(P2, secret redacted)"}',
  );
});
