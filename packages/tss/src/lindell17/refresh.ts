/**
 * Refresh: new shares of the same key under a new Paillier key. docs/spec/lindell17.md, "Refresh". Both toss
 * for the shift of the shares, so that neither chooses it (L-12).
 */
import { backend } from '#backend';
import { equalBytes, wipe } from '../arith/bytes.ts';
import {
  addScalars,
  isZeroScalar,
  randomScalar,
  type Scalar,
  subScalars,
} from '../arith/scalar.ts';
import { encodePoint, mulBase, negatePoint, type Point, sumPoints } from '../curve.ts';
import { LABELS } from '../label.ts';
import { releaseFactors } from '../paillier.ts';
import { AbortError } from '../round/errors.ts';
import { abortUnless, type Protocol, receive, send, swap } from '../round/protocol.ts';
import { Session } from '../round/session.ts';
import { withTemporaries } from '../secrets.ts';
import { hash } from '../transcript.ts';
import { TwoPartyKeyshare } from './keyshare.ts';
import {
  type PaillierData,
  refreshAck,
  refreshP1Data,
  refreshP2Ack,
  SETUP_MESSAGES,
} from './messages.ts';
import { copyScalar, encodePrimes } from './numbers.ts';
import { checkPaillierData, makePaillierData } from './paillierKey.ts';
import {
  checkRefresh,
  contextOf,
  optionsFor,
  refreshSid,
  type SetUpInput,
  type TwoPartyRefreshParameters,
} from './parameters.ts';
import { P1, P2, type TwoPartyContext } from './party.ts';
import { checkOpening, type Exchanged, exchangePreParams, inOrder } from './preParams.ts';

/** The input of both roles. */
interface Run {
  readonly context: TwoPartyContext;
  readonly input: SetUpInput;
  readonly keyshare: TwoPartyKeyshare;
}

/**
 * Starts a refresh; the keyshare says which role this is. A completed outcome is a pending keyshare of the
 * next epoch. The old one stays in force until the new one is stored at both: P2 stores it before it sends
 * its last message, P1 before it acknowledges that message, and P2 uses it from that acknowledgement on.
 *
 * @throws InputError `input/locked`, `input/keyshare`, `input/session-id`, `input/primes`
 */
export function twoPartyRefresh(parameters: TwoPartyRefreshParameters): Session<TwoPartyKeyshare> {
  const input = checkRefresh(parameters);
  const { keyshare, rng } = parameters;
  const { role, bits, epoch } = keyshare;
  const sid = refreshSid(parameters);
  const context = contextOf({ role, sid, bits, epoch: epoch + 1, rng });
  const run = { context, input, keyshare };
  const protocol = role === 'P1' ? refreshP1(run) : refreshP2(run);
  return new Session(protocol, optionsFor(context, SETUP_MESSAGES));
}

function* refreshP1({ context, input, keyshare }: Run): Protocol<TwoPartyKeyshare> {
  const { paillier } = input.primes;
  if (paillier === undefined) throw new Error('unreachable: P1 has primes');
  // Steps R1 and R2. Parameters, and the coin toss.
  const { exchanged, delta } = yield* toss(context, input);
  const next = shift(keyshare, delta);
  try {
    // Step R3. A new Paillier key with x₁′ under it, and the proofs.
    const data = makePaillierData(context, exchanged, paillier, {
      secretShare: next.secretShare,
      publicShare: next.publicShares[0],
    });
    const turn = refreshP1Data(context.bits);
    const body = turn.body.encode(data);
    yield* send(turn, P2, data);

    // Step R4. The same transcript at both.
    const theirs = yield* receive(refreshP2Ack, P2);
    abortUnless(equalBytes(theirs, transcriptOf(exchanged, body, keyshare)), ...DIFFERENT);
    const primes = encodePrimes(paillier, context.bits);
    return keyshareOf(keyshare, next, data, { exchanged, primes });
  } finally {
    releaseFactors(...paillier);
    wipe(next.secretShare);
  }
}

function* refreshP2({ context, input, keyshare }: Run): Protocol<TwoPartyKeyshare> {
  // Steps R1 and R2. Parameters, and the coin toss.
  const { exchanged, delta } = yield* toss(context, input);
  const next = shift(keyshare, delta);
  try {
    // Step R3. P1's new key, for the X₁′ that P2 has computed itself.
    const turn = refreshP1Data(context.bits);
    const data = yield* receive(turn, P1);
    const [publicShare] = next.publicShares;
    checkPaillierData(context, exchanged, data, { publicShare, known: input.known });

    // Step R4. The transcript.
    const ack = transcriptOf(exchanged, turn.body.encode(data), keyshare);
    const primes = new Uint8Array();
    const pending = keyshareOf(keyshare, next, data, { exchanged, primes });
    yield* send(refreshP2Ack, P1, ack);
    return pending;
  } finally {
    wipe(next.secretShare);
  }
}

const DIFFERENT = ['equivocation', 'the parties have different transcripts'] as const;

/** Steps R1 and R2: δ = δ₁ + δ₂, committed to by both before either is opened. */
function* toss(
  context: TwoPartyContext,
  input: SetUpInput,
): Protocol<{ readonly exchanged: Exchanged; readonly delta: Scalar }> {
  const mine = randomScalar(context.rng);
  try {
    const exchanged = yield* exchangePreParams(context, input, mine);
    const { transcript, salt } = exchanged;
    const theirs = yield* swap(refreshAck, context.peer, { transcript, delta: mine, salt });
    abortUnless(equalBytes(theirs.transcript, transcript), ...DIFFERENT);
    return withTemporaries((temporary) => {
      const delta = temporary(theirs.delta);
      checkOpening(context, exchanged, theirs.salt, delta);
      return { exchanged, delta: addScalars(mine, delta) };
    });
  } finally {
    wipe(mine);
  }
}

/** Shares of the next epoch. */
interface Shifted {
  /** Secret. */
  readonly secretShare: Scalar;
  readonly publicShares: readonly [Point, Point];
}

/** x₁′ = x₁ + δ, x₂′ = x₂ − δ, and their points; none of them zero. */
const shift = (keyshare: TwoPartyKeyshare, delta: Scalar): Shifted => {
  const own = keyshare.fields.secretShare;
  const secretShare = keyshare.role === 'P1' ? addScalars(own, delta) : subScalars(own, delta);
  if (!isZeroScalar(delta) && !isZeroScalar(secretShare)) {
    const step = mulBase(delta);
    wipe(delta);
    const first = sumPoints([keyshare.publicShareOf(1), step]);
    const second = sumPoints([keyshare.publicShareOf(2), negatePoint(step)]);
    if (first !== null && second !== null) return { secretShare, publicShares: [first, second] };
  }
  wipe(delta, secretShare);
  throw new AbortError({ reason: 'invalid-share', message: 'the refreshed shares are degenerate' });
};

/** τ₂ of a refresh. */
const transcriptOf = (
  { transcript: sid }: Exchanged,
  p1Data: Uint8Array,
  { fields }: TwoPartyKeyshare,
): Uint8Array => {
  const digest = backend.sha256(p1Data);
  return hash(LABELS.twoPartyTranscript, sid, digest, encodePoint(fields.publicKey));
};

const keyshareOf = (
  { fields }: TwoPartyKeyshare,
  { secretShare, publicShares }: Shifted,
  { N, encryptedShare }: PaillierData,
  { exchanged, primes }: { readonly exchanged: Exchanged; readonly primes: Uint8Array },
): TwoPartyKeyshare => {
  const { index, bits, keyId, publicKey, chainCode, epoch } = fields;
  const same = { index, bits, keyId, publicKey, chainCode };
  const [pedersen, second] = inOrder(index, exchanged);
  const renewed = { epoch: epoch + 1, publicShares, secretShare: copyScalar(secretShare) };
  return TwoPartyKeyshare.validate({ ...same, ...renewed, N, encryptedShare, pedersen, primes }, [
    second.N,
  ]);
};
