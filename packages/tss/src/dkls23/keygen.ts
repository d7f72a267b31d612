/**
 * Key generation, docs/spec/keygen.md: Feldman sharing with committed polynomials and pairwise
 * oblivious-transfer set-up, activated by n acknowledgements.
 *
 * Source: docs/spec/keygen.md (eprint 2022/374, 6.1; 2023/765).
 */
import { echoHash, parametersHash } from '../agreement.ts';
import { equalBytes, xor } from '../arith/bytes.ts';
import type { Scalar } from '../arith/scalar.ts';
import { Keyshare, type PairState } from './keyshare.ts';
import { evaluate } from '../polynomial.ts';
import { systemRng } from '../rng.ts';
import { Secrets } from '../secrets.ts';
import { AbortError } from '../round/errors.ts';
import {
  abortUnless,
  blameUnless,
  exchange,
  type Inbox,
  nothing,
  type Protocol,
} from '../round/protocol.ts';
import type { SessionOptions } from '../round/options.ts';
import { Session } from '../round/session.ts';
import {
  acknowledgement,
  combine,
  type Combined,
  confirm,
  confirmationHolds,
  sameTranscript,
  shareHolds,
} from './combine.ts';
import {
  chainShareHolds,
  type Contribution,
  contribute,
  type KeygenContext,
  open,
  openingHolds,
  proofsHold,
  zeroSeedHolds,
} from './dealing.ts';
import {
  KEYGEN_SHAPE,
  type KeygenDirect2,
  type KeygenDirect3,
  type KeygenOpening,
  keygenRound1,
  keygenRound2,
  keygenRound3,
  keygenRound4,
  keygenRound5,
} from './messages.ts';
import { required } from './pairs.ts';
import { checkKeygen, type KeygenParameters, keygenSid } from './parameters.ts';
import { answerTo, type BuilderAnswer, type EvaluatorOffer, finishWith, offerTo } from './setup.ts';

type Opened = Inbox<KeygenOpening, KeygenDirect2>;
type Dealt = Inbox<null, KeygenDirect3>;

/**
 * Starts a key generation. Five rounds; the keyshare exists only when all have acknowledged.
 *
 * @throws InputError `input/session-id`, `input/parties`, `input/threshold`, `input/index`
 */
export function keygen(parameters: KeygenParameters): Session<Keyshare> {
  const { protocol, options } = keygenProtocol(parameters);
  return new Session(protocol, options);
}

/** The protocol of `keygen`, without its session. */
export function keygenProtocol(parameters: KeygenParameters): {
  readonly protocol: Protocol<Keyshare>;
  readonly options: SessionOptions;
} {
  checkKeygen(parameters);
  const { threshold, parties, index, rng = systemRng } = parameters;
  const sid = keygenSid(parameters);
  const all = Array.from({ length: parties }, (_, at) => at + 1);
  const peers = all.filter((party) => party !== index);
  const context = { sid, threshold, parties, index, peers, rng, secrets: new Secrets() };
  const options = {
    index,
    parties: all,
    shape: KEYGEN_SHAPE,
    echo: echoHash(sid),
    parameters: parametersHash(sid),
  };
  return { protocol: run(context, parameters.sessionId), options };
}

function* run(context: KeygenContext, keyId: Uint8Array): Protocol<Keyshare> {
  try {
    return context.secrets.done(yield* rounds(context, keyId));
  } finally {
    context.secrets.wipe();
  }
}

function* rounds(context: KeygenContext, keyId: Uint8Array): Protocol<Keyshare> {
  const { sid, threshold, parties, index, peers, rng } = context;

  // Step 1. Commit to everything that will be opened.
  const mine = contribute(context);
  const committed = yield* exchange(keygenRound1, peers, mine.commitment, nothing);

  // Step 2. Open it to all; start the directions in which this party evaluates.
  const offers = new Map(peers.map((peer) => [peer, offerTo(context, peer)]));
  const opening = open(context, mine);
  const opened = yield* exchange(keygenRound2(threshold, parties), peers, opening, (to) => ({
    chainShare: mine.chain.value,
    chainSalt: mine.chain.salt,
    baseOt: required(offers, to).state.message,
  }));

  // Step 3. Check the openings; deal shares and answer as builder.
  const commitmentOf = (from: number): Uint8Array => committed.get(from).all;
  checkOpenings(context, commitmentOf, opened);
  const answers = answerAll(context, opened);
  const dealt = yield* exchange(keygenRound3, peers, null, (to): KeygenDirect3 => {
    const { baseOt, pprf } = required(answers, to);
    const { value: zeroSeed, salt: zeroSalt } = required(mine.zeroSeeds, to);
    const share = evaluate(mine.f, to);
    context.secrets.keep(share); // said to one peer, under encryption
    return { share, zeroSeed, zeroSalt, baseOt, pprf };
  });

  // Step 4. Check the shares, finish as evaluator, sum up.
  for (const [, { each }] of dealt.entries()) context.secrets.keep(each.share, each.zeroSeed);
  checkShares(context, opened, dealt);
  const evaluators = finishAll(context, offers, dealt);
  const key = sumUp(context, mine, opening, { committed: commitmentOf, opened, dealt });
  const own = confirm(context, key, rng);
  const confirmed = yield* exchange(keygenRound4, peers, own, nothing);

  // Step 5. All have the same transcript, key and shares: acknowledge.
  const agreed = confirmed.entries().every(([, { all }]) => sameTranscript(key, all));
  abortUnless(agreed, 'equivocation', 'parties have different transcripts of rounds 1 and 2');
  blameUnless(confirmed, 'invalid-proof', 'confirmation of the key share', ({ all }, from) =>
    confirmationHolds(sid, from, key, all),
  );
  const proofs = inOrder(context, own, (from) => confirmed.get(from).all);
  const ack = acknowledgement(sid, key, proofs);
  const acknowledged = yield* exchange(keygenRound5, peers, ack, nothing);

  // Step 6. Only n equal acknowledgements make a key.
  const complete = acknowledged.entries().every(([, { all }]) => equalBytes(all, ack));
  abortUnless(complete, 'equivocation', 'parties acknowledged different keys');
  const pairs = peers.map(
    (peer): PairState => ({
      zeroSeed: xor(required(mine.zeroSeeds, peer).value, dealt.get(peer).each.zeroSeed),
      builder: required(answers, peer).builder,
      evaluator: required(evaluators, peer),
    }),
  );
  const { publicKey, publicShares, chainCode, secretShare } = key;
  const base = { threshold, parties, index, epoch: 0, keyId };
  return Keyshare.validate({ ...base, publicKey, chainCode, publicShares, secretShare, pairs });
}

const checkOpenings = (
  context: KeygenContext,
  commitmentOf: (from: number) => Uint8Array,
  opened: Opened,
): void => {
  blameUnless(opened, 'commitment-mismatch', 'opening of round 1', ({ all }, from) =>
    openingHolds(context, from, commitmentOf(from), all),
  );
  blameUnless(opened, 'invalid-proof', 'proof of the coefficients', ({ all }, from) =>
    proofsHold(context.sid, from, all),
  );
  blameUnless(opened, 'commitment-mismatch', 'chain-code share', ({ all, each }, from) => {
    const share = { value: each.chainShare, salt: each.chainSalt };
    return chainShareHolds(context.sid, from, all.dealing, share);
  });
};

const answerAll = (context: KeygenContext, opened: Opened): Map<number, BuilderAnswer> =>
  collect(opened, 'base OT message', (from, { each }) => answerTo(context, from, each.baseOt));

const finishAll = (
  context: KeygenContext,
  offers: ReadonlyMap<number, EvaluatorOffer>,
  dealt: Dealt,
): Map<number, NonNullable<ReturnType<typeof finishWith>>> =>
  collect(dealt, 'OT set-up', (from, { each }) =>
    finishWith(context, required(offers, from), each),
  );

const checkShares = (context: KeygenContext, opened: Opened, dealt: Dealt): void => {
  blameUnless(dealt, 'invalid-share', 'share', ({ each }, from) =>
    shareHolds(context.index, opened.get(from).all.dealing.coefficients, each.share),
  );
  blameUnless(dealt, 'commitment-mismatch', 'zero-share seed', ({ each }, from) => {
    const seed = { value: each.zeroSeed, salt: each.zeroSalt };
    return zeroSeedHolds(context, from, opened.get(from).all.dealing, seed);
  });
};

const sumUp = (
  context: KeygenContext,
  mine: Contribution,
  opening: KeygenOpening,
  heard: { committed: (from: number) => Uint8Array; opened: Opened; dealt: Dealt },
): Combined => {
  const { opened, dealt, committed } = heard;
  const openings = inOrder(context, opening, (from) => opened.get(from).all);
  const commitments = inOrder(context, mine.commitment, committed);
  const chain = inOrder(context, mine.chain.value, (from) => opened.get(from).each.chainShare);
  const own = evaluate(mine.f, context.index);
  const shares: Scalar[] = inOrder(context, own, (from) => dealt.get(from).each.share);
  const key = combine(context, openings, commitments, shares, chain);
  context.secrets.keep(...shares);
  context.secrets.keepUnlessDone(key.secretShare);
  return key;
};

/** A step that gives a value for each peer or null; all peers with null are to blame. */
const collect = <A, E, R>(
  inbox: Inbox<A, E>,
  what: string,
  step: (from: number, heard: { all: A; each: E }) => R | null,
): Map<number, R> => {
  const results = inbox
    .entries()
    .map(([from, heard]): [number, R | null] => [from, step(from, heard)]);
  const culprits = results.filter(([, result]) => result === null).map(([from]) => from);
  if (culprits.length > 0) {
    const message = `${what} of party ${culprits.join(', ')}`;
    throw new AbortError({ reason: 'invalid-proof', culprits, message });
  }
  return new Map(results.flatMap(([from, result]) => (result === null ? [] : [[from, result]])));
};

const inOrder = <T>(context: KeygenContext, own: T, of: (from: number) => T): T[] =>
  Array.from({ length: context.parties }, (_, at) => (at + 1 === context.index ? own : of(at + 1)));
