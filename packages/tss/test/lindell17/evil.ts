import type { Signature } from '../../src/index.ts';
import type { TwoPartyKeyshare, TwoPartySignParameters } from '../../src/lindell17/index.ts';
import type { Scalar } from '../../src/arith/scalar.ts';
import { G, mul, mulBase, mulPublic, type Point, sumPoints } from '../../src/curve.ts';
import { digestScalar } from '../../src/digest.ts';
import {
  signCommit,
  signDone,
  signOpen,
  signP2Nonce,
  signP2Partial,
  type SignPartial,
} from '../../src/lindell17/messages.ts';
import { drawNonce } from '../../src/lindell17/nonce.ts';
import { scalarOf } from '../../src/arith/integers.ts';
import { integerOf } from '../../src/lindell17/numbers.ts';
import { signSid } from '../../src/lindell17/parameters.ts';
import { P1, P2, schnorrBound, zkBound } from '../../src/lindell17/party.ts';
import { twoPartySignProtocol } from '../../src/lindell17/sign.ts';
import { affine, encryptionNoise } from '../../src/paillier.ts';
import { type Protocol, receive, send } from '../../src/round/protocol.ts';
import { Session } from '../../src/round/session.ts';
import { proveSchnorr, schnorrNonce } from '../../src/schnorr.ts';
import { nonceImage } from '../../src/signature.ts';
import { proveAffG } from '../../src/zk/affG.ts';
import { PARAMETERS } from '../../src/zk/parameters.ts';
import { seededRng } from '../support/rng.ts';

export const Q = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const mod = (n: bigint, modulus: bigint): bigint => ((n % modulus) + modulus) % modulus;

/** The knowledge of a malicious P2 when it makes its last message. */
export interface View {
  readonly sid: Uint8Array;
  readonly keyshare: TwoPartyKeyshare;
  readonly R2: Point;
  readonly k2: bigint;
  readonly r: bigint;
  readonly m: bigint;
  readonly x2: bigint;
  readonly rng: (length: number) => Uint8Array;
}

/** A P2 with an honest proof of its chosen k₂, and a last message of its own making. */
export function evilP2(
  parameters: TwoPartySignParameters,
  k2: Scalar,
  forge: (view: View) => SignPartial,
): Session<Signature> {
  const { options } = twoPartySignProtocol(parameters);
  return new Session(run(parameters, k2, forge), options);
}

function* run(
  parameters: TwoPartySignParameters,
  k2: Scalar,
  forge: (view: View) => SignPartial,
): Protocol<Signature> {
  const { keyshare, digest, rng = seededRng('evil') } = parameters;
  const sid = signSid(parameters);
  yield* receive(signCommit, P1);
  const R2 = mulBase(k2);
  const nonce = schnorrNonce(rng);
  const response = proveSchnorr(
    schnorrBound({ sid, epoch: keyshare.epoch }, P2, 'nonce'),
    k2,
    R2,
    nonce,
  );
  yield* send(signP2Nonce, P1, { R: R2, nonce: nonce.A, response });
  const { opening } = yield* receive(signOpen, P1);
  const image = nonceImage(mul(opening.R, k2));
  if (image === null) throw new Error('r is zero');
  const view = {
    sid,
    keyshare,
    R2,
    k2: integerOf(k2),
    r: integerOf(image.r),
    m: integerOf(digestScalar(digest)),
    x2: integerOf(keyshare.fields.secretShare),
    rng,
  };
  yield* send(signP2Partial(keyshare.bits), P1, forge(view));
  yield* receive(signDone, P1);
  throw new Error('P1 signed');
}

/** The statement that P1 will put together for a ciphertext D. */
function statementFor({ keyshare, R2, r, m }: View, D: bigint) {
  const { N, encryptedShare, pedersen } = keyshare.fields;
  const Y = sumPoints([
    mulPublic(G, scalarOf(m)),
    mulPublic(keyshare.publicShareOf(2), scalarOf(r)),
  ]);
  if (Y === null) throw new Error('Y is the identity');
  const X = mulPublic(G, scalarOf(r));
  return { N, C: encryptedShare, D, base: R2, X, Y, aux: pedersen };
}

/** n/k₂ mod q. */
function over(k2: bigint, n: bigint): bigint {
  let [result, square, rest] = [1n, mod(k2, Q), Q - 2n];
  for (; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % Q;
    square = (square * square) % Q;
  }
  return mod(n * result, Q);
}

/**
 * The published attack: k₂ = 2, and the ciphertext holds (2⁻¹ mod N)·(T + z), T = (m + r·x₂ mod q) + r·x₁.
 * Its integer is (T + z)/2, a valid signature, if T + z is even, and garbage otherwise. The proof is the best
 * that P2 can make: everything in it is honest but for the ciphertext that it is about.
 */
export function halvedPartial(view: View, z: bigint): SignPartial {
  const { keyshare, k2, r, m, x2, rng, sid } = view;
  const { N, encryptedShare } = keyshare.fields;
  const { bits } = keyshare;
  const half = (N + 1n) / 2n; // 2⁻¹ mod N
  const attack = { a: (r * half) % N, aBits: bits, b: ((mod(m + r * x2, Q) + z) * half) % N };
  const noise = encryptionNoise({ N, bits }, rng);
  const D = affine({ N, bits }, encryptedShare, attack, noise);
  const witness = { a: over(k2, r), b: over(k2, m + r * x2), nu: noise.rho };
  const bound = zkBound({ sid, epoch: keyshare.epoch }, P2, 'partial');
  return { D, proof: proveAffG(bound, PARAMETERS[bits], statementFor(view, D), witness, rng) };
}

/** A legal proof of b shifted by a multiple of q: negative for a shift beyond b. */
export function shiftedPartial(view: View, multiple: bigint): SignPartial {
  const { keyshare, k2, r, m, x2, rng, sid } = view;
  const { N, encryptedShare } = keyshare.fields;
  const { bits } = keyshare;
  const set = PARAMETERS[bits];
  const a = over(k2, r);
  const b = over(k2, m + r * x2) + multiple * Q;
  const nonce = drawNonce(keyshare, rng);
  const noise = nonce.takeNoise();
  const D = affine({ N, bits }, encryptedShare, { a, aBits: 256, b }, noise);
  const witness = { a, b, nu: noise.rho };
  const statement = statementFor(view, D);
  return {
    D,
    proof: proveAffG(
      zkBound({ sid, epoch: keyshare.epoch }, P2, 'partial'),
      set,
      statement,
      witness,
      rng,
      nonce,
    ),
  };
}
