import { createPublicKey, createHash, verify } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { describe, expect, test } from 'vitest';
import { derivePublic, type Keyshare, type Signature } from '../../src/index.ts';
import { decodePoint, encodePoint } from '../../src/curve.ts';
import { DIGEST, keysharesOf, signSessions } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { outputs, simulate, subsets } from '../support/simulate.ts';

/** OpenSSL's and noble's opinion of a signature; neither is our code. */
function expectValid(signature: Signature, digest: Uint8Array, publicKey: Uint8Array): void {
  const compact = signature.bytes.slice(0, 64);
  expect(secp256k1.verify(compact, digest, publicKey, { prehash: false, lowS: true })).toBe(true);
  const recovered = secp256k1.Signature.fromBytes(compact, 'compact')
    .addRecoveryBit(signature.recovery)
    .recoverPublicKey(digest);
  expect(recovered.toBytes(true)).toEqual(publicKey);
  expect(signature.bytes[64]).toBe(27 + signature.recovery);
}

/** Checks with OpenSSL, which hashes by itself: so the digest is that of a known message. */
function opensslAccepts(compact: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  const point = decodePoint(publicKey);
  if (point === null) return false;
  const part = (from: number): string =>
    Buffer.from(point.slice(from, from + 32)).toString('base64url');
  const key = { kty: 'EC', crv: 'secp256k1', x: part(1), y: part(33) };
  const jwk = createPublicKey({ key, format: 'jwk' });
  return verify('sha256', message, { key: jwk, dsaEncoding: 'ieee-p1363' }, compact);
}

const pairs = [2, 3, 4, 5].flatMap((n) =>
  Array.from({ length: n - 1 }, (_, at) => [at + 2, n] as const),
);

describe.each(pairs)('%i-of-%i key', (threshold, parties) => {
  test('every signer set of at least threshold parties signs, and outsiders verify', () => {
    const keyshares = keysharesOf(threshold, parties);
    for (const signers of subsets(parties, threshold)) {
      const message = new TextEncoder().encode(signers.join());
      const digest = new Uint8Array(createHash('sha256').update(message).digest());
      const run = simulate(signSessions(keyshares, signers, { digest, seed: signers.join() }));
      const signatures = [...outputs(run).values()];
      const [first] = signatures;
      for (const signature of signatures) expect(signature.bytes).toEqual(first?.bytes);
      if (first === undefined) throw new Error('no signature');
      expectValid(first, digest, publicKeyOf(keyshares));
      expect(opensslAccepts(first.bytes.slice(0, 64), message, publicKeyOf(keyshares))).toBe(true);
    }
  });
});

const publicKeyOf = (keyshares: ReadonlyMap<number, Keyshare>): Uint8Array => {
  const [first] = keyshares.values();
  if (first === undefined) throw new Error('no keyshare');
  return first.publicKey;
};

test('a 7-of-12 key signs with indices in numeric order (J-5)', () => {
  const keyshares = keysharesOf(7, 12);
  const signers = [2, 3, 5, 8, 10, 11, 12];
  const [signature] = outputs(simulate(signSessions(keyshares, signers))).values();
  if (signature === undefined) throw new Error('no signature');
  expectValid(signature, DIGEST, publicKeyOf(keyshares));
});

test('a path signs under the BIP32 child key', () => {
  const keyshares = keysharesOf(2, 3);
  const [share] = keyshares.values();
  if (share === undefined) throw new Error('no keyshare');
  const path = [44, 60, 0, 7];
  const child = derivePublic(share.fields.publicKey, share.chainCode, path);
  const [signature] = outputs(simulate(signSessions(keyshares, [1, 3], { path }))).values();
  if (signature === undefined) throw new Error('no signature');
  expectValid(signature, DIGEST, encodePoint(child.publicKey));
});

test('N-5: the same inputs twice give another ephemeral point', () => {
  const keyshares = keysharesOf(2, 2);
  const r = ['a', 'b'].map((seed) => {
    const [signature] = outputs(simulate(signSessions(keyshares, [1, 2], { seed }))).values();
    return Buffer.from(signature?.r ?? []).toString('hex');
  });
  expect(r[0]).not.toBe(r[1]);
});

test('N-10: signatures have low s and a recovery id that leads back to the key', () => {
  const keyshares = keysharesOf(2, 2);
  const rng = seededRng('many');
  const parities = new Set<number>();
  for (let at = 0; at < 24; at++) {
    const digest = rng(32);
    const run = simulate(signSessions(keyshares, [1, 2], { digest, seed: `many/${at}` }));
    const [signature] = outputs(run).values();
    if (signature === undefined) throw new Error('no signature');
    expectValid(signature, digest, publicKeyOf(keyshares));
    parities.add(signature.recovery);
  }
  expect(parities).toEqual(new Set([0, 1]));
});
