/** The two roles, and the context that binds each role's proofs and commitments. */
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { concat, u32 } from '../arith/bytes.ts';
import type { CommitmentContext } from '../commitment.ts';
import type { Rng } from '../rng.ts';
import type { ProofContext } from '../schnorr.ts';
import type { ModulusBits } from '../zk/parameters.ts';
import type { ZkContext } from '../zk/transcript.ts';

/** P1 holds the Paillier key and puts the signature out. */
export type TwoPartyRole = 'P1' | 'P2';

/** Party index of a role: P1 is 1, P2 is 2. */
export const P1 = 1;
export const P2 = 2;

/** Party index of a role. */
export const indexOf = (role: TwoPartyRole): 1 | 2 => (role === 'P1' ? P1 : P2);

/** The other party. */
export const peerOf = (index: 1 | 2): 1 | 2 => (index === P1 ? P2 : P1);

/** The context of all steps of one party in one session. */
export interface TwoPartyContext {
  /** 32 bytes. */
  readonly sid: Uint8Array;
  readonly index: 1 | 2;
  readonly peer: 1 | 2;
  readonly bits: ModulusBits;
  /** Of the key; in a set-up, the epoch that it makes. */
  readonly epoch: number;
  readonly rng: Rng;
}

/** The place of a proof: session and epoch. */
export type ProofPlace = Pick<TwoPartyContext, 'sid' | 'epoch'>;

/** The name of a step and four bytes of epoch. */
const contextBytes = (step: string, epoch: number): Uint8Array =>
  concat(utf8ToBytes(`lindell17/${step}`), u32(epoch));

/** Binds a Schnorr proof to session, prover, step and epoch (L-13). */
export const schnorrBound = (
  { sid, epoch }: ProofPlace,
  prover: 1 | 2,
  step: string,
): ProofContext => ({
  sessionId: sid,
  prover,
  context: contextBytes(step, epoch),
});

/** Binds a proof to session, prover, verifier, step and epoch (Z1). */
export const zkBound = ({ sid, epoch }: ProofPlace, prover: 1 | 2, step: string): ZkContext => ({
  sessionId: sid,
  prover,
  verifier: peerOf(prover),
  context: contextBytes(step, epoch),
});

/** Binds a commitment to session, round and committer; all of them are made in round 1. */
export const commitmentBound = (sid: Uint8Array, committer: 1 | 2): CommitmentContext => ({
  sessionId: sid,
  round: 1,
  committer,
});
