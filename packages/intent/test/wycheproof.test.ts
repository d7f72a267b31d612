import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { publicVectors } from '../../../test/support/publicVectors.ts';
import {
  addressOf,
  concat,
  decodeDer,
  fromHex,
  IntentError,
  verifySignature,
} from '../src/index.ts';

interface Vectors {
  testGroups: {
    publicKey: { uncompressed: string };
    tests: { tcId: number; comment: string; msg: string; sig: string; result: string }[];
  }[];
}

const LOW_S = BigInt('0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0');
// x + q does not fit v = 27 or 28: refused (docs/spec/intent.md §3).
const LARGE_X = /k\*G has a large x-coordinate/;

function verifies(publicKey: Uint8Array, message: Uint8Array, compact: Uint8Array): boolean {
  const address = addressOf(publicKey);
  return [27, 28].some((v) =>
    verifySignature(sha256(message), concat(compact, Uint8Array.of(v)), address),
  );
}

function run(name: string, decode: (signature: Uint8Array) => Uint8Array, lowS: boolean): void {
  const vectors = publicVectors<Vectors>(name);
  if (vectors === undefined) return;
  for (const { publicKey, tests } of vectors.testGroups) {
    for (const vector of tests) {
      let compact: Uint8Array;
      try {
        compact = decode(fromHex(vector.sig));
      } catch (error) {
        expect(error).toBeInstanceOf(IntentError);
        expect(vector.result, `${vector.tcId}`).toBe('invalid');
        continue;
      }
      const highS = BigInt(`0x${Buffer.from(compact.subarray(32)).toString('hex') || '0'}`) > LOW_S;
      const refused = (!lowS && highS) || LARGE_X.test(vector.comment);
      const expected = vector.result === 'valid' && !refused;
      const actual = verifies(fromHex(publicKey.uncompressed), fromHex(vector.msg), compact);
      expect(actual, `${vector.tcId} ${vector.comment}`).toBe(expected);
    }
  }
}

test('N-8, N-9, N-10: every Wycheproof vector of secp256k1 in DER (Bitcoin rules) has its result', () => {
  run('ecdsa_secp256k1_sha256_bitcoin_test.json', decodeDer, true);
});

test('N-9: every Wycheproof vector of secp256k1 in P1363 has its result, high s refused', () => {
  run('ecdsa_secp256k1_sha256_p1363_test.json', (signature) => signature, false);
});
