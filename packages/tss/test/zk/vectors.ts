/** The known answers of test/support/model/paillier_model.py, as a suite that either backend must pass. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { backend } from '#backend';
import { fixturePrimes } from '../../../../test/support/fixturePrimes.ts';
import { randomBits, scalarOf } from '../../src/arith/integers.ts';
import { body } from '../../src/codec.ts';
import { encodePoint, mul, mulBase } from '../../src/curve.ts';
import {
  affine,
  decrypt,
  encrypt,
  noiseOf,
  paillierFromPrimes,
  sampleUnit,
} from '../../src/paillier.ts';
import { makeRingPedersen } from '../../src/pedersen.ts';
import { affGProofField, proveAffG, verifyAffG } from '../../src/zk/affG.ts';
import { facProofField, proveFac, verifyFac } from '../../src/zk/factors.ts';
import { logStarProofField, proveLogStar, verifyLogStar } from '../../src/zk/logStar.ts';
import { modProofField, proveMod } from '../../src/zk/modulus.ts';
import { PARAMETERS } from '../../src/zk/parameters.ts';
import { prmProofField, provePrm } from '../../src/zk/ringPedersen.ts';
import { seededRng } from '../support/rng.ts';

const known = JSON.parse(readFileSync(new URL('../vectors/zk.json', import.meta.url), 'utf8'));
const summary = (bytes: Uint8Array): { length: number; sha256: string } => ({
  length: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export function vectorSuite(expected: 'native' | 'portable'): void {
  const set = PARAMETERS[2048];
  const [p = 0n, q = 0n, pp = 0n, qq = 0n] = fixturePrimes(2048);
  const sk = paillierFromPrimes(p, q);
  const pk = sk.public;

  test(`the suite runs on the ${expected} backend`, () => expect(backend.name).toBe(expected));

  test('L-2, L6: encryptions of the model, negative plaintexts among them, and back', () => {
    for (const { m, rho, c } of known.paillier.encryptions) {
      expect(encrypt(pk, BigInt(m), BigInt(rho))).toBe(BigInt(c));
      expect(decrypt(sk, BigInt(c))).toBe(BigInt(m));
    }
  });

  test('L-2: combinations of the model, negative results among them', () => {
    for (const { a, b, C, nu, D, plaintext } of known.paillier.combinations) {
      const combined = affine(
        pk,
        BigInt(C),
        { a: BigInt(a), aBits: 256, b: BigInt(b) },
        noiseOf(pk, BigInt(nu)),
      );
      expect(combined).toBe(BigInt(D));
      expect(decrypt(sk, combined)).toBe(BigInt(plaintext));
    }
  });

  const ring = makeRingPedersen(pp, qq, seededRng('model/pedersen'));
  const aux = ring.public;
  const rng = seededRng('model/witness');
  const x = randomBits(rng, 255);
  const rho = sampleUnit(pk, rng);
  const C = encrypt(pk, x, rho);
  const X = mulBase(scalarOf(x));
  const a = randomBits(rng, 255);
  const b = randomBits(rng, 1280);
  const nu = sampleUnit(pk, rng);
  const base = mulBase(scalarOf(randomBits(rng, 255)));
  const D = affine(pk, C, { a, aBits: 256, b }, noiseOf(pk, nu));
  const bound = {
    sessionId: new Uint8Array(createHash('sha256').update('zk/sid').digest()),
    prover: 1,
    verifier: 2,
    context: new TextEncoder().encode('step'),
  };

  test('ring-Pedersen parameters, ciphertexts and points of the model', () => {
    const { aux: ringKnown, ...others } = known.statement;
    expect(aux).toEqual({ N: BigInt(ringKnown.N), s: BigInt(ringKnown.s), t: BigInt(ringKnown.t) });
    expect([BigInt(others.C), BigInt(others.D)]).toEqual([C, D]);
    expect([others.X, others.base]).toEqual([hex(encodePoint(X)), hex(encodePoint(base))]);
  });

  test('Π^fac of the model, byte for byte', () => {
    const proof = proveFac(bound, set, { N: pk.N, aux }, sk, seededRng('model/fac'));
    expect(summary(body(facProofField(set)).encode(proof))).toEqual(known.proofs.fac);
    expect(verifyFac(bound, set, { N: pk.N, aux }, proof)).toBe(true);
  });

  test('Π^log* of the model, byte for byte', () => {
    const claim = { N: pk.N, C, X, aux };
    const proof = proveLogStar(bound, set, claim, { x, rho }, seededRng('model/log-star'));
    expect(summary(body(logStarProofField(set)).encode(proof))).toEqual(known.proofs.logStar);
    expect(verifyLogStar(bound, set, claim, proof)).toBe(true);
  });

  test('Π^aff-g of the model, byte for byte', () => {
    const [forX, forY] = [mul(base, scalarOf(a)), mul(base, scalarOf(b))];
    const claim = { N: pk.N, C, D, base, X: forX, Y: forY, aux };
    const proof = proveAffG(bound, set, claim, { a, b, nu }, seededRng('model/aff-g'));
    expect(summary(body(affGProofField(set)).encode(proof))).toEqual(known.proofs.affG);
    expect(verifyAffG(bound, set, claim, proof)).toBe(true);
    expect(verifyAffG(bound, set, claim, proof, sk)).toBe(true);
  });

  // Hundreds of powers: a minute in BigInt, and the same code on both backends.
  if (expected === 'portable') return;
  test('Π^mod and Π^prm of the model, byte for byte', () => {
    const mod = proveMod(bound, set, { N: pk.N }, sk, seededRng('model/mod'));
    expect(summary(body(modProofField(set)).encode(mod))).toEqual(known.proofs.mod);
    const prm = provePrm(bound, set, aux, ring, seededRng('model/prm'));
    expect(summary(body(prmProofField(set)).encode(prm))).toEqual(known.proofs.prm);
  });
}
