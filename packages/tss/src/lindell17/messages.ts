/** Messages of the two-party protocols: types on the wire, rounds, fields, and their codecs. */
import type { Scalar } from '../arith/scalar.ts';
import { body, bytes, type Field, nonZeroScalar, point, scalar, struct } from '../codec.ts';
import type { Point } from '../curve.ts';
import type { RingPedersen } from '../pedersen.ts';
import type { RoundShape } from '../round/mailbox.ts';
import type { Turn } from '../round/protocol.ts';
import { type AffGProof, affGProofField } from '../zk/affG.ts';
import { type FacProof, facProofField } from '../zk/factors.ts';
import { natural } from '../zk/fields.ts';
import { type LogStarProof, logStarProofField } from '../zk/logStar.ts';
import { type ModProof, modProofField } from '../zk/modulus.ts';
import { PARAMETERS, type ModulusBits } from '../zk/parameters.ts';
import { type PrmProof, prmProofField } from '../zk/ringPedersen.ts';
import { peerOf } from './party.ts';

/** Types on the wire (docs/spec/cosigner.md), without those that are not the protocol's. */
export type TwoPartyMessageType =
  | 'pre_params'
  | 'pre_params_ack'
  | 'keygen_p1_data'
  | 'keygen_p2_ack'
  | 'sign_commit'
  | 'sign_p2_nonce'
  | 'sign_open'
  | 'sign_p2_partial'
  | 'sign_done';

/** One kind of message: its type on the wire, its round, and who says it. */
export interface TwoPartyMessage {
  readonly type: TwoPartyMessageType;
  readonly round: number;
  readonly from: readonly (1 | 2)[];
}

/** Messages of key generation and refresh, in order. */
export const SETUP_MESSAGES: readonly TwoPartyMessage[] = [
  { type: 'pre_params', round: 1, from: [1, 2] },
  { type: 'pre_params_ack', round: 2, from: [1, 2] },
  { type: 'keygen_p1_data', round: 3, from: [1] },
  { type: 'keygen_p2_ack', round: 4, from: [2] },
];

/** Messages of signing, in order. */
export const SIGN_MESSAGES: readonly TwoPartyMessage[] = [
  { type: 'sign_commit', round: 1, from: [1] },
  { type: 'sign_p2_nonce', round: 2, from: [2] },
  { type: 'sign_open', round: 3, from: [1] },
  { type: 'sign_p2_partial', round: 4, from: [2] },
  { type: 'sign_done', round: 5, from: [1] },
];

/** The shape of a party's mailbox: whom it hears in each round. */
export const shapeFor = (messages: readonly TwoPartyMessage[], index: 1 | 2): RoundShape[] =>
  messages.map(({ from }) => ({ all: false, each: from.includes(peerOf(index)) }));

/** Round 1 of set-up. */
export interface PreParams {
  /** 32 bytes. */
  readonly nonce: Uint8Array;
  /** 32 bytes: commitment to what is opened later. */
  readonly commitment: Uint8Array;
  readonly pedersen: RingPedersen;
  readonly proof: PrmProof;
}

/** The payload of a commitment of key generation. */
export interface ShareOpening {
  /** Xᵢ. */
  readonly publicShare: Point;
  /** Aᵢ and zᵢ: proof that xᵢ is known. */
  readonly nonce: Point;
  readonly response: Scalar;
  /** 32 bytes. */
  readonly chainShare: Uint8Array;
}

/** Round 2 of a refresh. */
export interface RefreshAck {
  /** 32 bytes: τ₁. */
  readonly transcript: Uint8Array;
  readonly delta: Scalar;
  readonly salt: Uint8Array;
}

/** P1's Paillier key, its encrypted share, and the proofs of both. */
export interface PaillierData {
  readonly N: bigint;
  /** c_key = Enc_N(x₁). */
  readonly encryptedShare: bigint;
  readonly mod: ModProof;
  readonly fac: FacProof;
  readonly logStar: LogStarProof;
}

/** Round 3 of key generation. */
export interface KeygenP1Data {
  readonly opening: ShareOpening;
  readonly salt: Uint8Array;
  readonly paillier: PaillierData;
}

/** Round 4 of key generation. */
export interface KeygenP2Ack {
  readonly opening: ShareOpening;
  readonly salt: Uint8Array;
  /** 32 bytes: τ₂. */
  readonly transcript: Uint8Array;
}

/** An ephemeral point with the proof that its logarithm is known. */
export interface ProvenNonce {
  readonly R: Point;
  readonly nonce: Point;
  readonly response: Scalar;
}

/** Round 3 of signing. */
export interface SignOpen {
  readonly opening: ProvenNonce;
  readonly salt: Uint8Array;
}

/** Round 4 of signing. */
export interface SignPartial {
  /** D = c_key^a·(1+N)^b·ν^N. */
  readonly D: bigint;
  readonly proof: AffGProof;
}

/** Round 5 of signing. */
export interface SignDone {
  readonly r: Scalar;
  readonly s: Scalar;
}

/** Ring-Pedersen parameters of that size. */
export const pedersenField = (bits: ModulusBits): Field<RingPedersen> =>
  struct({ N: natural(bits), s: natural(bits), t: natural(bits) });

const shareOpening = struct<ShareOpening>({
  publicShare: point,
  nonce: point,
  response: nonZeroScalar,
  chainShare: bytes(32),
});

const provenNonce = struct<ProvenNonce>({ R: point, nonce: point, response: nonZeroScalar });

/** Payload of a commitment of key generation. */
export const encodeShareOpening = (value: ShareOpening): Uint8Array =>
  body(shareOpening).encode(value);

/** Payload of the commitment of signing. */
export const encodeProvenNonce = (value: ProvenNonce): Uint8Array =>
  body(provenNonce).encode(value);

/** Round 1 of set-up, both ways. */
export const preParams = (bits: ModulusBits): Turn<PreParams> => ({
  number: 1,
  body: body(
    struct<PreParams>({
      nonce: bytes(32),
      commitment: bytes(32),
      pedersen: pedersenField(bits),
      proof: prmProofField(PARAMETERS[bits]),
    }),
  ),
});

/** Round 2 of key generation, both ways: τ₁. */
export const preParamsAck: Turn<Uint8Array> = { number: 2, body: body(bytes(32)) };

/** Round 2 of a refresh, both ways: τ₁, and the opening of δᵢ. */
export const refreshAck: Turn<RefreshAck> = {
  number: 2,
  body: body(struct<RefreshAck>({ transcript: bytes(32), delta: scalar, salt: bytes(32) })),
};

const paillierData = (bits: ModulusBits): Field<PaillierData> =>
  struct({
    N: natural(bits),
    encryptedShare: natural(2 * bits),
    mod: modProofField(PARAMETERS[bits]),
    fac: facProofField(PARAMETERS[bits]),
    logStar: logStarProofField(PARAMETERS[bits]),
  });

/** Round 3 of key generation. */
export const keygenP1Data = (bits: ModulusBits): Turn<KeygenP1Data> => ({
  number: 3,
  body: body(
    struct<KeygenP1Data>({
      opening: shareOpening,
      salt: bytes(32),
      paillier: paillierData(bits),
    }),
  ),
});

/** Round 3 of a refresh: P1 has opened already. */
export const refreshP1Data = (bits: ModulusBits): Turn<PaillierData> => ({
  number: 3,
  body: body(paillierData(bits)),
});

/** Round 4 of key generation. */
export const keygenP2Ack: Turn<KeygenP2Ack> = {
  number: 4,
  body: body(
    struct<KeygenP2Ack>({ opening: shareOpening, salt: bytes(32), transcript: bytes(32) }),
  ),
};

/** Round 4 of a refresh: τ₂. */
export const refreshP2Ack: Turn<Uint8Array> = { number: 4, body: body(bytes(32)) };

/** Round 1 of signing: the commitment to R₁. */
export const signCommit: Turn<Uint8Array> = { number: 1, body: body(bytes(32)) };

/** Round 2 of signing. */
export const signP2Nonce: Turn<ProvenNonce> = { number: 2, body: body(provenNonce) };

/** Round 3 of signing. */
export const signOpen: Turn<SignOpen> = {
  number: 3,
  body: body(struct<SignOpen>({ opening: provenNonce, salt: bytes(32) })),
};

/** Round 4 of signing. */
export const signP2Partial = (bits: ModulusBits): Turn<SignPartial> => ({
  number: 4,
  body: body(
    struct<SignPartial>({ D: natural(2 * bits), proof: affGProofField(PARAMETERS[bits]) }),
  ),
});

/** Round 5 of signing. */
export const signDone: Turn<SignDone> = {
  number: 5,
  body: body(struct<SignDone>({ r: nonZeroScalar, s: nonZeroScalar })),
};
