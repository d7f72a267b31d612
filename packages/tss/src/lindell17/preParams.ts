/** Steps K1 and K2 of docs/spec/lindell17.md: ring-Pedersen parameters and commitments, both ways. */
import { backend } from '#backend';
import { commit, verifyOpening } from '../commitment.ts';
import { LABELS } from '../label.ts';
import { checkRingPedersen, makeRingPedersen, type RingPedersen } from '../pedersen.ts';
import { type Protocol, swap } from '../round/protocol.ts';
import { hash } from '../transcript.ts';
import { PARAMETERS } from '../zk/parameters.ts';
import { provePrm, verifyPrm } from '../zk/ringPedersen.ts';
import { blamePeerUnless } from './blame.ts';
import { type PreParams, preParams } from './messages.ts';
import type { SetUpInput } from './parameters.ts';
import { commitmentBound, P1, type TwoPartyContext, zkBound } from './party.ts';

const STEP = 'pre-params';

/** The result of round 1. */
export interface Exchanged {
  /** Opens the own commitment. */
  readonly salt: Uint8Array;
  /** The peer's commitment. */
  readonly commitment: Uint8Array;
  readonly own: RingPedersen;
  readonly theirs: RingPedersen;
  /** τ₁ = sid′: hash of both messages. 32 bytes. */
  readonly transcript: Uint8Array;
}

/** Round 1 of set-up: commits to `payload` and exchanges proven parameters. */
export function* exchangePreParams(
  context: TwoPartyContext,
  { primes, known }: SetUpInput,
  payload: Uint8Array,
): Protocol<Exchanged> {
  const { sid, index, peer, bits, rng } = context;
  const turn = preParams(bits);

  // Step K1. Parameters with their proof, a nonce, a commitment.
  const { public: own, ...witness } = makeRingPedersen(...primes.pedersen, rng);
  const proof = provePrm(zkBound(context, index, STEP), PARAMETERS[bits], own, witness, rng);
  const salt = rng(32);
  const commitment = commit(commitmentBound(sid, index), salt, payload);
  const mine: PreParams = { nonce: rng(32), commitment, pedersen: own, proof };
  const theirs = yield* swap(turn, peer, mine);

  // Step K2. Check the peer's parameters; hash both messages.
  checkParameters(context, theirs, [own.N, ...ownModuli({ primes }), ...known]);
  const both = (index === P1 ? [mine, theirs] : [theirs, mine]).map((message) =>
    backend.sha256(turn.body.encode(message)),
  );
  const transcript = hash(LABELS.twoPartyPreParams, sid, ...both);
  return {
    salt,
    commitment: theirs.commitment,
    own,
    theirs: theirs.pedersen,
    transcript,
  };
}

/** The parameters of P1, which every signature uses, and those of P2, which serve the set-up only. */
export const inOrder = (
  index: 1 | 2,
  { own, theirs }: Pick<Exchanged, 'own' | 'theirs'>,
): readonly [RingPedersen, RingPedersen] => (index === P1 ? [own, theirs] : [theirs, own]);

const ownModuli = ({ primes: { paillier } }: Pick<SetUpInput, 'primes'>): bigint[] =>
  paillier === undefined ? [] : [paillier[0] * paillier[1]];

const checkParameters = (
  context: TwoPartyContext,
  { pedersen, proof }: PreParams,
  others: readonly bigint[],
): void => {
  const { peer, bits } = context;
  const fault = checkRingPedersen(pedersen, bits, others); // [P6] [P7] [P8]
  blamePeerUnless(fault === 'ok', peer, 'invalid-modulus', `parameters (${fault})`);
  const proven = verifyPrm(zkBound(context, peer, STEP), PARAMETERS[bits], pedersen, proof); // [P5]
  blamePeerUnless(proven, peer, 'invalid-proof', 'proof of the parameters');
};

/** Blames the peer unless salt and payload open its commitment of round 1. */
export function checkOpening(
  { sid, peer }: TwoPartyContext,
  { commitment }: Exchanged,
  salt: Uint8Array,
  payload: Uint8Array,
): void {
  const opens = verifyOpening(commitment, commitmentBound(sid, peer), salt, payload);
  blamePeerUnless(opens, peer, 'commitment-mismatch', 'opening of round 1');
}
