/**
 * Two-party key generation: docs/spec/lindell17.md, "Set-up".
 *
 * Source: Lindell17 (eprint 2017/552), Protocol 3.1 with additive shares. Differs from the
 * paper: the proofs of CGGMP in place of the range proof and PDL, and ring-Pedersen parameters of both.
 */
import { backend } from '#backend';
import { equalBytes } from '../arith/bytes.ts';
import { encodePoint, type Point, sumPoints } from '../curve.ts';
import { LABELS } from '../label.ts';
import { releaseFactors } from '../paillier.ts';
import { AbortError } from '../round/errors.ts';
import { abortUnless, type Protocol, receive, send, swap } from '../round/protocol.ts';
import { Session } from '../round/session.ts';
import { hash } from '../transcript.ts';
import { TwoPartyKeyshare } from './keyshare.ts';
import {
  encodeShareOpening,
  keygenP1Data,
  keygenP2Ack,
  preParamsAck,
  SETUP_MESSAGES,
  type ShareOpening,
} from './messages.ts';
import { copyScalar, encodePrimes } from './numbers.ts';
import { checkPaillierData, makePaillierData } from './paillierKey.ts';
import {
  checkKeygen,
  contextOf,
  keygenSid,
  optionsFor,
  type SetUpInput,
  type TwoPartyKeygenParameters,
} from './parameters.ts';
import { P1, P2, type TwoPartyContext } from './party.ts';
import { type Exchanged, exchangePreParams, inOrder } from './preParams.ts';
import { checkShare, drawShare, type OwnShare, wipeShare } from './share.ts';

/** The input of both roles. */
interface Run {
  readonly context: TwoPartyContext;
  readonly input: SetUpInput;
  /** 32 bytes. */
  readonly keyId: Uint8Array;
}

/**
 * Starts a key generation between two. A completed outcome is a pending keyshare: P2 stores it before it
 * sends its last message, and uses it once P1 has acknowledged that message, having stored its own.
 *
 * @throws InputError `input/role`, `input/bits`, `input/session-id`, `input/primes`
 */
export function twoPartyKeygen(parameters: TwoPartyKeygenParameters): Session<TwoPartyKeyshare> {
  const input = checkKeygen(parameters);
  const { role, bits, sessionId, rng } = parameters;
  const context = contextOf({ role, sid: keygenSid(parameters), bits, epoch: 0, rng });
  const run = { context, input, keyId: Uint8Array.from(sessionId) };
  const protocol = role === 'P1' ? keygenP1(run) : keygenP2(run);
  return new Session(protocol, optionsFor(context, SETUP_MESSAGES));
}

function* keygenP1({ context, input, keyId }: Run): Protocol<TwoPartyKeyshare> {
  const { paillier } = input.primes;
  if (paillier === undefined) throw new Error('unreachable: P1 has primes');
  const mine = drawShare(context);
  try {
    // Steps K1 and K2. Parameters and commitments both ways.
    const exchanged = yield* agree(context, input, mine);

    // Step K3. Open; a new Paillier key with x₁ under it, and the proofs.
    const { opening, secretShare } = mine;
    const key = { secretShare, publicShare: opening.publicShare };
    const data = makePaillierData(context, exchanged, paillier, key);
    const turn = keygenP1Data(context.bits);
    const said = { opening, salt: exchanged.salt, paillier: data };
    const body = turn.body.encode(said);
    yield* send(turn, P2, said);

    // Step K5. P2's opening, and the same transcript at both.
    const ack = yield* receive(keygenP2Ack, P2);
    checkShare(context, exchanged, ack);
    const sum = combine(exchanged, body, [opening, ack.opening]);
    abortUnless(equalBytes(ack.transcript, sum.transcript), ...DIFFERENT);
    return keyshareOf({ context, keyId, exchanged }, mine, sum, {
      N: data.N,
      encryptedShare: data.encryptedShare,
      primes: encodePrimes(paillier, context.bits),
    });
  } finally {
    releaseFactors(...paillier);
    wipeShare(mine);
  }
}

function* keygenP2({ context, input, keyId }: Run): Protocol<TwoPartyKeyshare> {
  const mine = drawShare(context);
  try {
    // Steps K1 and K2. Parameters and commitments both ways.
    const exchanged = yield* agree(context, input, mine);

    // Step K4. P1's opening and key; open in turn.
    const turn = keygenP1Data(context.bits);
    const { opening, salt, paillier } = yield* receive(turn, P1);
    checkShare(context, exchanged, { opening, salt });
    const { publicShare } = opening;
    checkPaillierData(context, exchanged, paillier, { publicShare, known: input.known });
    const body = turn.body.encode({ opening, salt, paillier });
    const sum = combine(exchanged, body, [opening, mine.opening]);
    const keyshare = keyshareOf({ context, keyId, exchanged }, mine, sum, {
      N: paillier.N,
      encryptedShare: paillier.encryptedShare,
      primes: new Uint8Array(),
    });
    const { transcript } = sum;
    yield* send(keygenP2Ack, P1, { opening: mine.opening, salt: exchanged.salt, transcript });
    return keyshare;
  } finally {
    wipeShare(mine);
  }
}

const DIFFERENT = ['equivocation', 'the parties have different transcripts'] as const;

/** Steps K1 and K2, and the comparison of τ₁. */
function* agree(context: TwoPartyContext, input: SetUpInput, mine: OwnShare): Protocol<Exchanged> {
  const exchanged = yield* exchangePreParams(context, input, encodeShareOpening(mine.opening));
  const theirs = yield* swap(preParamsAck, context.peer, exchanged.transcript);
  abortUnless(equalBytes(theirs, exchanged.transcript), ...DIFFERENT);
  return exchanged;
}

/** The key as both see it. */
interface Sum {
  readonly publicKey: Point;
  readonly publicShares: readonly [Point, Point];
  readonly chainCode: Uint8Array;
  /** τ₂, 32 bytes. */
  readonly transcript: Uint8Array;
}

/** Q = X₁ + X₂, the chain code and τ₂, from the openings of P1 and P2. */
const combine = (
  { transcript: sid }: Exchanged,
  p1Data: Uint8Array,
  [first, second]: readonly [ShareOpening, ShareOpening],
): Sum => {
  const publicKey = sumPoints([first.publicShare, second.publicShare]);
  if (publicKey === null) {
    throw new AbortError({ reason: 'invalid-share', message: 'the shares cancel' });
  }
  const digest = backend.sha256(p1Data);
  return {
    publicKey,
    publicShares: [first.publicShare, second.publicShare],
    chainCode: hash(LABELS.twoPartyChainCode, sid, first.chainShare, second.chainShare),
    transcript: hash(LABELS.twoPartyTranscript, sid, digest, encodePoint(publicKey)),
  };
};

const keyshareOf = (
  { context, keyId, exchanged }: Pick<Run, 'context' | 'keyId'> & { exchanged: Exchanged },
  { secretShare }: OwnShare,
  { publicKey, publicShares, chainCode }: Sum,
  key: Pick<TwoPartyKeyshare['fields'], 'N' | 'encryptedShare' | 'primes'>,
): TwoPartyKeyshare => {
  const { index, bits, epoch } = context;
  const shared = { publicKey, publicShares, chainCode, keyId, epoch };
  const [pedersen, second] = inOrder(index, exchanged);
  const own = { index, bits, pedersen, secretShare: copyScalar(secretShare) };
  return TwoPartyKeyshare.validate({ ...own, ...shared, ...key }, [second.N]);
};
