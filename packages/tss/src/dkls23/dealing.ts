/** A party's contribution to a key, and its peers' checks of it: docs/spec/keygen.md, steps 1–3. */
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { concat, equalBytes, u16 } from '../arith/bytes.ts';
import type { Scalar } from '../arith/scalar.ts';
import { commit, verifyOpening } from '../commitment.ts';
import { LABELS } from '../label.ts';
import { inExponent, type Polynomial, samplePolynomial } from '../polynomial.ts';
import type { Rng } from '../rng.ts';
import {
  type ProofContext,
  proveSchnorr,
  type SchnorrNonce,
  schnorrNonce,
  verifySchnorr,
} from '../schnorr.ts';
import { hash } from '../transcript.ts';
import type { Secrets } from '../secrets.ts';
import { type Dealing, encodeDealing, type KeygenOpening } from './messages.ts';

/** The session as the dealing code sees it. */
export interface KeygenContext {
  readonly sid: Uint8Array;
  readonly threshold: number;
  readonly parties: number;
  readonly index: number;
  readonly peers: readonly number[];
  readonly rng: Rng;
  readonly secrets: Secrets;
}

/** A value that was committed to by hash and is opened to one or all later. Secret until then. */
export interface Sealed {
  readonly value: Uint8Array;
  readonly salt: Uint8Array;
}

/** Everything that one party samples in step 1. */
export interface Contribution {
  /** Secret. */
  readonly f: Polynomial;
  /** Secret. */
  readonly nonces: readonly SchnorrNonce[];
  readonly chain: Sealed;
  /** By peer. */
  readonly zeroSeeds: ReadonlyMap<number, Sealed>;
  readonly dealing: Dealing;
  readonly salt: Uint8Array;
  /** 32 bytes. */
  readonly commitment: Uint8Array;
}

/** Step 1: samples and commits. */
export function contribute(context: KeygenContext): Contribution {
  const { sid, threshold, parties, index, peers, rng, secrets } = context;
  const f = samplePolynomial(threshold, rng);
  const nonces = f.map(() => schnorrNonce(rng));
  const chain = { value: rng(32), salt: rng(32) };
  const zeroSeeds = new Map(peers.map((peer) => [peer, { value: rng(32), salt: rng(32) }]));
  secrets.keep(...f, ...nonces.map(({ a }) => a));
  secrets.keep(...[...zeroSeeds.values()].map(({ value }) => value));
  const dealing: Dealing = {
    coefficients: inExponent(f),
    nonces: nonces.map(({ A }) => A),
    chainCommitment: chainCommitment(sid, index, chain),
    seedCommitments: [...zeroSeeds].map(([to, seed]) => seedCommitment(sid, index, to, seed)),
  };
  const salt = rng(32);
  const committed = { sessionId: sid, round: 1, committer: index };
  const commitment = commit(committed, salt, encodeDealing(threshold, parties, dealing));
  return { f, nonces, chain, zeroSeeds, dealing, salt, commitment };
}

/** Step 2: opens the commitment and answers the proofs of all coefficients. */
export function open(context: KeygenContext, mine: Contribution): KeygenOpening {
  const { salt, dealing, f, nonces } = mine;
  const responses = dealing.coefficients.map((F, k): Scalar => {
    const [secret, nonce] = [f[k], nonces[k]];
    if (secret === undefined || nonce === undefined) throw new Error('unreachable: lengths agree');
    return proveSchnorr(coefficientContext(context.sid, context.index, k), secret, F, nonce);
  });
  return { salt, dealing, responses };
}

/** [D3] The opening belongs to the commitment of that very party. */
export function openingHolds(
  { sid, threshold, parties }: KeygenContext,
  from: number,
  commitment: Uint8Array,
  { salt, dealing }: KeygenOpening,
): boolean {
  const committed = { sessionId: sid, round: 1, committer: from };
  return verifyOpening(commitment, committed, salt, encodeDealing(threshold, parties, dealing));
}

/** [D4] Every coefficient comes with a proof that its dealer knows it. */
export function proofsHold(sid: Uint8Array, from: number, opening: KeygenOpening): boolean {
  const { dealing, responses } = opening;
  return dealing.coefficients.every((F, k) => {
    const [A, z] = [dealing.nonces[k], responses[k]];
    if (A === undefined || z === undefined) return false;
    return verifySchnorr(coefficientContext(sid, from, k), F, A, z);
  });
}

/** [D9] The chain-code share is the one that everybody has the commitment of. */
export function chainShareHolds(
  sid: Uint8Array,
  from: number,
  { chainCommitment: expected }: Dealing,
  share: Sealed,
): boolean {
  return equalBytes(expected, chainCommitment(sid, from, share));
}

/** The zero-share seed is the one that was committed to for this recipient. */
export function zeroSeedHolds(
  { sid, index }: KeygenContext,
  from: number,
  { seedCommitments }: Dealing,
  seed: Sealed,
): boolean {
  const expected = seedCommitments[index < from ? index - 1 : index - 2];
  return expected !== undefined && equalBytes(expected, seedCommitment(sid, from, index, seed));
}

const chainCommitment = (sid: Uint8Array, from: number, { value, salt }: Sealed): Uint8Array =>
  hash(LABELS.chainCode, sid, u16(from), salt, value);

const seedCommitment = (
  sid: Uint8Array,
  from: number,
  to: number,
  { value, salt }: Sealed,
): Uint8Array => hash(LABELS.zeroSeedCommitment, sid, concat(u16(from), u16(to)), salt, value);

const coefficientContext = (sessionId: Uint8Array, prover: number, k: number): ProofContext => ({
  sessionId,
  prover,
  context: concat(utf8ToBytes('keygen/coefficient'), u16(k)),
});
