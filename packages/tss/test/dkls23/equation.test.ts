import { secp256k1 } from '@noble/curves/secp256k1.js';
import { expect, test } from 'vitest';
import { sign } from '../../src/dkls23/index.ts';
import { DIGEST, keysharesOf, sessionIdOf } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { outputs, simulate } from '../support/simulate.ts';

const Q = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const big = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const mod = (value: bigint): bigint => ((value % Q) + Q) % Q;
const invert = (value: bigint): bigint => {
  let [result, square, rest] = [1n, mod(value), Q - 2n];
  for (; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
};

test('the signature is s = (m + r·x)/k for the x of the shares and the k of the draws', () => {
  const signers = [1, 3, 4];
  const keyshares = keysharesOf(3, 5);
  const drawn = new Map<number, Uint8Array>();
  const sessions = new Map(
    signers.map((index) => {
      const keyshare = keyshares.get(index);
      if (keyshare === undefined) throw new Error('no keyshare');
      const source = seededRng(`equation/${index}`);
      const rng = (length: number): Uint8Array => {
        const bytes = source(length);
        if (!drawn.has(index)) drawn.set(index, bytes.slice(0, 48)); // the first draw begins with rᵢ
        return bytes;
      };
      const sessionId = sessionIdOf('equation');
      return [index, sign({ sessionId, keyshare, signers, digest: DIGEST, bans: [], rng })];
    }),
  );
  const [signature] = outputs(simulate(sessions)).values();
  if (signature === undefined) throw new Error('no signature');

  const k = [...drawn.values()].reduce((sum, bytes) => mod(sum + big(bytes)), 0n);
  const x = signers.reduce((sum, i) => {
    const weight = signers
      .filter((j) => j !== i)
      .reduce((product, j) => mod(product * BigInt(j) * invert(BigInt(j - i))), 1n);
    const share = keyshares.get(i)?.fields.secretShare;
    if (share === undefined) throw new Error('no share');
    return mod(sum + weight * big(share));
  }, 0n);
  const r = mod(secp256k1.Point.BASE.multiply(k).x);
  const s = mod((mod(big(DIGEST)) + r * x) * invert(k));
  expect(big(signature.r)).toBe(r);
  expect(big(signature.s)).toBe(s > Q / 2n ? Q - s : s);
});
