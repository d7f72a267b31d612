/**
 * First messages of Π^aff-g that depend on neither witness nor base, and noise for the ciphertext D: most of
 * a signature's time, spent ahead. docs/spec/zk.md §9, "Made ahead".
 *
 * Security: in memory only. Used twice, a nonce gives the witness away (P-14), so it is taken
 * out before use, and refuses a second time.
 */
import { backend } from '#backend';
import { randomBits } from '../arith/integers.ts';
import { type EncryptionNoise, encryptionNoise, encryptWith, sampleUnit } from '../paillier.ts';
import { commitRing, type RingPedersen } from '../pedersen.ts';
import type { Rng } from '../rng.ts';
import { sampleMask } from './transcript.ts';
import type { ParameterSet } from './parameters.ts';

/** The key and ciphertext that a nonce is made for. */
export interface AffGKey {
  readonly N: bigint;
  readonly C: bigint;
  readonly aux: RingPedersen;
}

/** Masks, and powers of them. Secret. */
export interface AffGMasks {
  readonly alpha: bigint;
  readonly beta: bigint;
  readonly r: bigint;
  readonly gamma: bigint;
  readonly m: bigint;
  readonly delta: bigint;
  readonly mu: bigint;
  readonly A: bigint;
  readonly E: bigint;
  readonly F: bigint;
  readonly tToM: bigint;
  readonly tToMu: bigint;
}

/** One proof's masks, and the noise of the ciphertext that it is about. */
export class AffGNonce {
  readonly #key: AffGKey;
  #noise: EncryptionNoise | null;
  #masks: AffGMasks | null;

  constructor(key: AffGKey, noise: EncryptionNoise, masks: AffGMasks) {
    this.#key = key;
    this.#noise = noise;
    this.#masks = masks;
  }

  /** ν and ν^N for the ciphertext D, once. @throws Error the second time */
  takeNoise(): EncryptionNoise {
    const noise = this.#noise;
    this.#noise = null;
    if (noise === null) throw new Error('unreachable: encryption noise used twice');
    return noise;
  }

  /** The masks, once, for the key that they were made for. @throws Error the second time, or for another key */
  take({ N, C, aux }: AffGKey): AffGMasks {
    const masks = this.#masks;
    this.#masks = null;
    if (masks === null) throw new Error('unreachable: proof nonce used twice');
    const key = this.#key;
    const isSame =
      key.N === N &&
      key.C === C &&
      key.aux.N === aux.N &&
      key.aux.s === aux.s &&
      key.aux.t === aux.t;
    if (!isSame) throw new Error('unreachable: proof nonce of another key');
    return masks;
  }

  /** The only text that logs and errors may show. */
  toJSON(): string {
    return 'AffGNonce(secret redacted)';
  }

  toString(): string {
    return this.toJSON();
  }
}

/** Draws what one ciphertext D and the proof about it need, ahead of both. */
export function prepareAffG(set: ParameterSet, { N, C, aux }: AffGKey, rng: Rng): AffGNonce {
  const masks = drawMasks(set, { N, C, aux }, rng);
  return new AffGNonce({ N, C, aux }, encryptionNoise({ N, bits: set.bits }, rng), masks);
}

/** Draws the masks of one proof and computes the powers that do not depend on the witness. */
export function drawMasks(set: ParameterSet, { N, C, aux }: AffGKey, rng: Rng): AffGMasks {
  const pk = { N, bits: set.bits };
  const bits = {
    alpha: set.ell + set.epsilon,
    beta: set.ellPrime + set.epsilon,
    blinding: set.ell + set.bits,
    mask: set.ell + set.epsilon + set.bits,
  };
  const alpha = sampleMask(rng, bits.alpha);
  const beta = sampleMask(rng, bits.beta);
  const r = sampleUnit(pk, rng);
  const [gamma, delta] = [randomBits(rng, bits.mask), randomBits(rng, bits.mask)];
  const [m, mu] = [randomBits(rng, bits.blinding), randomBits(rng, bits.blinding)];
  const square = N * N;
  const hidden = { rho: r, power: backend.modPow(r, N, set.bits, square) };
  const masked = backend.modPow(C, alpha, bits.alpha, square);
  const ring = (x: bigint, xBits: number, y: bigint): bigint =>
    commitRing(aux, { x, xBits }, { y, yBits: bits.mask });
  const blinding = (y: bigint): bigint => backend.modPow(aux.t, y, bits.blinding, aux.N);
  return {
    alpha,
    beta,
    r,
    gamma,
    m,
    delta,
    mu,
    A: (masked * encryptWith(pk, beta, hidden)) % square, // A = C^α·(1+N)^β·r^N
    E: ring(alpha, bits.alpha, gamma), // E = s^α·t^γ
    F: ring(beta, bits.beta, delta), // F = s^β·t^δ
    tToM: blinding(m),
    tToMu: blinding(mu),
  };
}
