/** Rounds of key generation and signing: numbers, fields, and their codecs. */
import type { Scalar } from '../arith/scalar.ts';
import {
  array,
  body,
  bytes,
  type Field,
  nonZeroScalar,
  point,
  refined,
  scalar,
  struct,
} from '../codec.ts';
import type { Point } from '../curve.ts';
import { BASE_OT_POINTS, EXTENSION_BYTES, PPRF_BYTES, RVOLE_BYTES } from '../ot/parameters.ts';
import { isRvoleMessage } from '../ot/rvole.ts';
import type { Round } from '../round/protocol.ts';

/** Shapes of the rounds, for the mailbox. */
export const KEYGEN_SHAPE = [
  { all: true, each: false },
  { all: true, each: true },
  { all: false, each: true },
  { all: true, each: false },
  { all: true, each: false },
] as const;

export const SIGN_SHAPE = [
  { all: true, each: true },
  { all: false, each: true },
  { all: true, each: false },
] as const;

/** A party's opening in round 2 of key generation: the payload of its commitment. */
export interface Dealing {
  /** F[k] = f[k]·G, exactly t. */
  readonly coefficients: readonly Point[];
  /** First messages of the proofs. */
  readonly nonces: readonly Point[];
  /** 32 bytes. */
  readonly chainCommitment: Uint8Array;
  /** One for each peer, in index order without the own. */
  readonly seedCommitments: readonly Uint8Array[];
}

export interface KeygenOpening {
  readonly salt: Uint8Array;
  readonly dealing: Dealing;
  /** Responses of the proofs. */
  readonly responses: readonly Scalar[];
}

export interface KeygenDirect2 {
  readonly chainShare: Uint8Array;
  readonly chainSalt: Uint8Array;
  /** R_0, R_1 of each base OT. */
  readonly baseOt: readonly Point[];
}

export interface KeygenDirect3 {
  /** d_ij = f_i(j). Secret to the pair. */
  readonly share: Scalar;
  readonly zeroSeed: Uint8Array;
  readonly zeroSalt: Uint8Array;
  /** t_0·G, t_1·G of each base OT. */
  readonly baseOt: readonly Point[];
  readonly pprf: Uint8Array;
}

export interface KeygenProof {
  readonly publicKey: Point;
  readonly publicShare: Point;
  readonly nonce: Point;
  readonly response: Scalar;
  /** 32 bytes: hash of the broadcasts of rounds 1 and 2. */
  readonly transcript: Uint8Array;
}

const dealing = (threshold: number, parties: number): Field<Dealing> =>
  struct({
    coefficients: array(threshold, point),
    nonces: array(threshold, point),
    chainCommitment: bytes(32),
    seedCommitments: array(parties - 1, bytes(32)),
  });

/** Canonical bytes of a dealing, as committed to in round 1. */
export const encodeDealing = (threshold: number, parties: number, value: Dealing): Uint8Array =>
  body(dealing(threshold, parties)).encode(value);

export const keygenRound1: Round<Uint8Array, null> = {
  number: 1,
  all: body(bytes(32)),
  each: null,
};

export const keygenRound2 = (
  threshold: number,
  parties: number,
): Round<KeygenOpening, KeygenDirect2> => ({
  number: 2,
  all: body(
    struct<KeygenOpening>({
      salt: bytes(32),
      dealing: dealing(threshold, parties),
      responses: array(threshold, nonZeroScalar),
    }),
  ),
  each: body(
    struct<KeygenDirect2>({
      chainShare: bytes(32),
      chainSalt: bytes(32),
      baseOt: array(BASE_OT_POINTS, point),
    }),
  ),
});

export const keygenRound3: Round<null, KeygenDirect3> = {
  number: 3,
  all: null,
  each: body(
    struct<KeygenDirect3>({
      share: nonZeroScalar,
      zeroSeed: bytes(32),
      zeroSalt: bytes(32),
      baseOt: array(BASE_OT_POINTS, point),
      pprf: bytes(PPRF_BYTES),
    }),
  ),
};

export const keygenRound4: Round<KeygenProof, null> = {
  number: 4,
  all: body(
    struct<KeygenProof>({
      publicKey: point,
      publicShare: point,
      nonce: point,
      response: nonZeroScalar,
      transcript: bytes(32),
    }),
  ),
  each: null,
};

export const keygenRound5: Round<Uint8Array, null> = {
  number: 5,
  all: body(bytes(32)),
  each: null,
};

export interface SignDirect2 {
  /** ã, η, μ of the vector OLE. */
  readonly rvole: Uint8Array;
  readonly gammaU: Point;
  readonly gammaV: Point;
  /** ψ = φ − χ. */
  readonly psi: Scalar;
  readonly publicShare: Point;
  /** R_j = r_j·G. */
  readonly nonce: Point;
  readonly salt: Uint8Array;
}

export interface SignPartial {
  readonly u: Scalar;
  readonly w: Scalar;
  /** 32 bytes: H(R). */
  readonly nonceDigest: Uint8Array;
}

export const signRound1: Round<Uint8Array, Uint8Array> = {
  number: 1,
  all: body(bytes(32)),
  each: body(bytes(EXTENSION_BYTES)),
};

export const signRound2: Round<null, SignDirect2> = {
  number: 2,
  all: null,
  each: body(
    struct<SignDirect2>({
      rvole: refined(bytes(RVOLE_BYTES), 'canonical scalars', isRvoleMessage),
      gammaU: point,
      gammaV: point,
      psi: scalar,
      publicShare: point,
      nonce: point,
      salt: bytes(32),
    }),
  ),
};

export const signRound3: Round<SignPartial, null> = {
  number: 3,
  all: body(struct<SignPartial>({ u: scalar, w: scalar, nonceDigest: bytes(32) })),
  each: null,
};
