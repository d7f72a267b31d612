/**
 * Two-party signing: docs/spec/lindell17.md, "Signing".
 *
 * Source: Lindell17 (eprint 2017/552), Protocol 3.2. Differs from the paper: shares are
 * additive, P2 proves its ciphertext with Π^aff-g over base R₂, and P1 verifies before it decrypts.
 */
import { wipe } from '../arith/bytes.ts';
import { isHighScalar, randomScalar, type Scalar, scalarFromBytes } from '../arith/scalar.ts';
import { derivePublic } from '../bip32.ts';
import { commit, verifyOpening } from '../commitment.ts';
import { mulBase } from '../curve.ts';
import { digestScalar } from '../digest.ts';
import { InputError } from '../round/errors.ts';
import { type Protocol, receive, send } from '../round/protocol.ts';
import type { SessionOptions } from '../round/options.ts';
import { Session } from '../round/session.ts';
import { proveSchnorr, schnorrNonce, verifySchnorr } from '../schnorr.ts';
import { completeSignature, type NonceImage, type Signature } from '../signature.ts';
import type { AffGNonce } from '../zk/affGNonce.ts';
import { blamePeerUnless } from './blame.ts';
import type { TwoPartyKeyshare } from './keyshare.ts';
import {
  encodeProvenNonce,
  type ProvenNonce,
  SIGN_MESSAGES,
  type SignDone,
  signCommit,
  signDone,
  signOpen,
  signP2Nonce,
  signP2Partial,
} from './messages.ts';
import { drawNonce } from './nonce.ts';
import {
  checkSign,
  contextOf,
  optionsFor,
  signSid,
  type TwoPartySignParameters,
} from './parameters.ts';
import { makePartial, openPartial, sharedNonce, type SignStatement } from './partial.ts';
import { commitmentBound, P1, P2, schnorrBound, type TwoPartyContext } from './party.ts';

const STEP = 'nonce';

/** The input of both roles. */
interface Run {
  readonly context: TwoPartyContext;
  readonly keyshare: TwoPartyKeyshare;
  readonly statement: SignStatement;
}

/**
 * Starts a signature between two; the keyshare says which role this is. Five messages, the last of which
 * gives P2 the signature.
 *
 * Security: on an outcome with `keyUnsafe` the caller locks the key durably before anything else
 * (lock.ts), and ends every other session of that key.
 *
 * @throws InputError `input/locked`, `input/keyshare`, `input/session-id`, `input/digest-length`,
 * `input/digest-zero`, `input/path`, `input/nonce`
 */
export function twoPartySign(parameters: TwoPartySignParameters): Session<Signature> {
  const { protocol, options } = twoPartySignProtocol(parameters);
  return new Session(protocol, options);
}

/** The protocol of `twoPartySign`, without its session. */
export function twoPartySignProtocol(parameters: TwoPartySignParameters): {
  readonly protocol: Protocol<Signature>;
  readonly options: SessionOptions;
} {
  checkSign(parameters);
  const { keyshare, digest, path = [], nonce, rng } = parameters;
  const { fields, role, bits, epoch } = keyshare;
  const sid = signSid(parameters);
  const { publicKey, tweak } = derivePublic(fields.publicKey, fields.chainCode, path);
  const m = digestScalar(digest);
  const statement = { sid, epoch, digest: Uint8Array.from(digest), m, publicKey, tweak };
  const context = contextOf({ role, sid, bits, epoch, rng });
  const run = { context, keyshare, statement };
  if (role === 'P1' && nonce !== undefined) {
    throw new InputError('input/nonce', 'only P2 takes prepared values');
  }
  const prepared = nonce?.take(keyshare);
  const protocol = role === 'P1' ? signP1(run) : signP2(run, prepared);
  return { protocol, options: optionsFor(context, SIGN_MESSAGES) };
}

function* signP1({ context, keyshare, statement }: Run): Protocol<Signature> {
  const { sid, bits, rng } = context;
  const { k, point } = drawEphemeral(context);
  try {
    // Step S1. Commit to R₁ and its proof.
    const salt = rng(32);
    const commitment = commit(commitmentBound(sid, P1), salt, encodeProvenNonce(point));
    yield* send(signCommit, P2, commitment);

    // Step S3. P2's point, then the own one.
    const theirs = yield* receive(signP2Nonce, P2);
    checkNonce(context, theirs);
    yield* send(signOpen, P2, { opening: point, salt });

    // Step S5. Verify, decrypt, verify again.
    const partial = yield* receive(signP2Partial(bits), P2);
    const ephemeral = { k, base: theirs.R, image: sharedNonce(k, theirs.R) };
    const signature = openPartial(keyshare, statement, ephemeral, partial);

    // Step S6. P2 may have it as well.
    yield* send(signDone, P2, { r: toScalar(signature.r), s: toScalar(signature.s) });
    return signature;
  } finally {
    wipe(k);
  }
}

function* signP2({ context, keyshare, statement }: Run, prepared?: AffGNonce): Protocol<Signature> {
  const { sid, bits, rng } = context;
  const { k, point } = drawEphemeral(context);
  try {
    // Step S2. R₂ and its proof, once P1 is committed.
    const commitment = yield* receive(signCommit, P1);
    yield* send(signP2Nonce, P1, point);

    // Step S4. P1's point; the ciphertext with its proof.
    const { opening, salt } = yield* receive(signOpen, P1);
    const payload = encodeProvenNonce(opening);
    const opens = verifyOpening(commitment, commitmentBound(sid, P1), salt, payload);
    blamePeerUnless(opens, P1, 'commitment-mismatch', 'opening of the ephemeral point');
    checkNonce(context, opening);
    const image = sharedNonce(k, opening.R);
    const ephemeral = { k, base: point.R, image };
    const nonce = prepared ?? drawNonce(keyshare, rng);
    const partial = makePartial(keyshare, statement, ephemeral, nonce, rng);
    wipe(k);
    yield* send(signP2Partial(bits), P1, partial);

    // Step S7. The signature that P1 says it is.
    return checkDone(yield* receive(signDone, P1), image, statement);
  } finally {
    wipe(k);
  }
}

/** kᵢ and Rᵢ with its proof. */
const drawEphemeral = ({
  sid,
  epoch,
  index,
  rng,
}: TwoPartyContext): { readonly k: Scalar; readonly point: ProvenNonce } => {
  const k = randomScalar(rng);
  const R = mulBase(k);
  const nonce = schnorrNonce(rng);
  const response = proveSchnorr(schnorrBound({ sid, epoch }, index, STEP), k, R, nonce);
  return { k, point: { R, nonce: nonce.A, response } };
};

/** [L2] Blames the peer unless it knows the logarithm of its point. */
const checkNonce = (context: TwoPartyContext, { R, nonce, response }: ProvenNonce): void => {
  const { peer } = context;
  const known = verifySchnorr(schnorrBound(context, peer, STEP), R, nonce, response);
  blamePeerUnless(known, peer, 'invalid-proof', 'proof of the ephemeral point');
};

/** r is this party's own, s is low, and the signature verifies, which also tells the recovery id. */
const checkDone = ({ r, s }: SignDone, image: NonceImage, statement: SignStatement): Signature => {
  const same = r.every((byte, at) => byte === image.r[at]);
  blamePeerUnless(same && !isHighScalar(s), P1, 'invalid-signature', 'r or s');
  const flipped = { ...image, recovery: image.recovery ^ 1 };
  const signature =
    completeSignature(image, s, statement) ?? completeSignature(flipped, s, statement);
  if (signature !== null) return signature;
  blamePeerUnless(false, P1, 'invalid-signature', 'signature');
  throw new Error('unreachable: blamed above');
};

const toScalar = (bytes: Uint8Array): Scalar => {
  const scalar = scalarFromBytes(bytes);
  if (scalar === null) throw new Error('unreachable: a verified signature has canonical scalars');
  return scalar;
};
