/**
 * Signing, docs/spec/sign.md: three rounds, any set of at least t signers, no presignature.
 *
 * Source: DKLs23 (eprint 2023/765), Protocol 3.6; docs/spec/sign.md and docs/spec/ot.md name
 * the differences.
 */
import { echoHash, parametersHash } from '../agreement.ts';
import { equalBytes } from '../arith/bytes.ts';
import {
  addScalars,
  mulScalars,
  randomScalar,
  SCALAR_DRAW,
  type Scalar,
  scalarFromNumber,
} from '../arith/scalar.ts';
import { derivePublic } from '../bip32.ts';
import { commit, verifyOpening } from '../commitment.ts';
import { encodePoint, mulBase, type Point, pointEquals, sumPoints } from '../curve.ts';
import { digestScalar } from '../digest.ts';
import { RECEIVE_DRAW } from '../ot/parameters.ts';
import { lagrange } from '../polynomial.ts';
import { systemRng, withDraw } from '../rng.ts';
import { Secrets, withTemporaries } from '../secrets.ts';
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
import { SIGN_SHAPE, type SignDirect2, signRound1, signRound2, signRound3 } from './messages.ts';
import {
  finishAll,
  maskedFactor,
  type Products,
  receiveFrom,
  type Receiving,
  type Sending,
  sendToAll,
  type SignContext,
} from './multiply.ts';
import { combineNonces } from './nonce.ts';
import { required, zeroShare } from './pairs.ts';
import { checkSign, type SignParameters, signSid } from './parameters.ts';
import type { Signature } from '../signature.ts';
import { assemble } from './signature.ts';

/** The digest that is signed, and the key. */
interface Statement {
  readonly digest: Uint8Array;
  /** The key itself, or the one that the path leads to. */
  readonly publicKey: Point;
  /** τ with publicKey = pk + τ·G. */
  readonly tweak: Scalar;
  readonly signers: readonly number[];
}

/** This party's factors. Secret. */
interface Factors {
  /** rᵢ: share of the ephemeral key. */
  readonly r: Scalar;
  /** φᵢ: share of the mask. */
  readonly phi: Scalar;
  /** skᵢ: additive share of the key for this signer set. */
  readonly sk: Scalar;
}

/**
 * Starts a signature. Three rounds; every signer ends with the same verified signature.
 *
 * @throws InputError `input/session-id`, `input/digest-length`, `input/digest-zero`,
 * `input/signer-set`, `input/banned`, `input/path`
 */
export function sign(parameters: SignParameters): Session<Signature> {
  const { protocol, options } = signProtocol(parameters);
  return new Session(protocol, options);
}

/** The protocol of `sign`, without its session. */
export function signProtocol(parameters: SignParameters): {
  readonly protocol: Protocol<Signature>;
  readonly options: SessionOptions;
} {
  checkSign(parameters);
  const { keyshare, signers, digest, path = [], rng = systemRng } = parameters;
  const sid = signSid(parameters);
  const { index, chainCode } = keyshare;
  const { publicKey, tweak } = derivePublic(keyshare.fields.publicKey, chainCode, path);
  const peers = signers.filter((signer) => signer !== index);
  const context = { sid, index, peers, keyshare, rng, secrets: new Secrets() };
  const statement = { digest: Uint8Array.from(digest), publicKey, tweak, signers: [...signers] };
  const options = {
    index,
    parties: signers,
    shape: SIGN_SHAPE,
    echo: echoHash(sid),
    parameters: parametersHash(sid),
  };
  return { protocol: run(context, statement), options };
}

function* run(context: SignContext, statement: Statement): Protocol<Signature> {
  try {
    return yield* rounds(context, statement);
  } finally {
    context.secrets.wipe();
  }
}

function* rounds(context: SignContext, statement: Statement): Protocol<Signature> {
  const { sid, peers, secrets } = context;

  // Step 1. Commit to the ephemeral point; start the multiplications as Bob.
  const drawn = FACTOR_DRAW + SALT_BYTES + peers.length * RECEIVE_DRAW;
  const begun = withDraw(context.rng, drawn, (rng) => begin({ ...context, rng }, statement));
  const { factors, R, salt, commitment, receivings } = begun;
  const messageTo = (to: number): Uint8Array => required(receivings, to).message;
  const committed = yield* exchange(signRound1, peers, commitment, messageTo);

  // Step 2. Check every extension, then answer as Alice.
  const inputs = [factors.r, factors.sk] as const;
  const sendings = sendToAll(context, inputs, (peer) => committed.get(peer).each);
  const publicShare = mulBase(factors.sk);
  const heard = yield* exchange(signRound2, peers, null, (to): SignDirect2 => {
    const { message: rvole, u, v } = required(sendings, to);
    const psi = maskedFactor(factors.phi, required(receivings, to).chi);
    secrets.keep(psi); // said to one peer, under encryption
    return { rvole, gammaU: mulBase(u), gammaV: mulBase(v), psi, publicShare, nonce: R, salt };
  });

  // Step 3. Check openings and products, then release the partial signature.
  blameUnless(heard, 'commitment-mismatch', 'opening of the ephemeral point', ({ each }, from) => {
    const bound = { sessionId: sid, round: 1, committer: from };
    return verifyOpening(committed.get(from).all, bound, each.salt, encodePoint(each.nonce));
  });
  const products = finishAll(context, receivings, heard);
  const sum = sumPoints([publicShare, ...heard.entries().map(([, { each }]) => each.publicShare)]);
  const matches = sum !== null && pointEquals(sum, statement.publicKey);
  abortUnless(matches, 'invalid-share', 'key shares do not add up to the key; by whom is unknown');
  const nonce = combineNonces(sid, [R, ...heard.entries().map(([, { each }]) => each.nonce)]);
  const partial = partialSignature(factors, { sendings, products, heard });
  const w = withTemporaries((temporary) => {
    const masked = temporary(mulScalars(digestScalar(statement.digest), factors.phi));
    return addScalars(masked, temporary(mulScalars(nonce.r, partial.v))); // wᵢ = m·φᵢ + r·vᵢ
  });
  const own = { u: partial.u, w, nonceDigest: nonce.digest };
  secrets.keep(partial.v);
  secrets.wipe(); // the rest needs no secret
  const released = yield* exchange(signRound3, peers, own, nothing);

  // Step 4. Assemble and verify.
  const partials = released.entries().map(([, { all }]) => all);
  const agreed = partials.every(({ nonceDigest }) => equalBytes(nonceDigest, nonce.digest));
  abortUnless(agreed, 'equivocation', 'signers have different ephemeral points');
  const us = [own.u, ...partials.map(({ u }) => u)];
  const ws = [own.w, ...partials.map((other) => other.w)];
  return assemble(nonce, us, ws, statement);
}

const SALT_BYTES = 32;
/** Random bytes of r and φ. */
const FACTOR_DRAW = 2 * SCALAR_DRAW;

/** The values of step 1. Secret but for R, its commitment and the messages. */
interface Begun {
  readonly factors: Factors;
  readonly R: Point;
  readonly salt: Uint8Array;
  readonly commitment: Uint8Array;
  readonly receivings: ReadonlyMap<number, Receiving>;
}

const begin = (context: SignContext, statement: Statement): Begun => {
  const { sid, index, peers, rng, secrets } = context;
  const factors = sampleFactors(context, statement);
  secrets.keep(factors.r, factors.phi, factors.sk);
  const R = mulBase(factors.r);
  const salt = rng(SALT_BYTES);
  const commitment = commit({ sessionId: sid, round: 1, committer: index }, salt, encodePoint(R));
  const receivings = new Map(peers.map((peer) => [peer, receiveFrom(context, peer)]));
  return { factors, R, salt, commitment, receivings };
};

/** skᵢ = λᵢ(S)·sᵢ + ζᵢ, plus τ for the lowest signer. */
const sampleFactors = (context: SignContext, { signers, tweak }: Statement): Factors => {
  const { sid, index, peers, keyshare, rng } = context;
  const seeds = new Map(peers.map((peer) => [peer, keyshare.pairWith(peer).zeroSeed]));
  const sk = withTemporaries((temporary) => {
    const share = temporary(mulScalars(lagrange(signers, index), keyshare.fields.secretShare));
    const own = signers[0] === index ? tweak : scalarFromNumber(0);
    return addScalars(share, temporary(zeroShare(sid, index, seeds)), own);
  });
  return { r: randomScalar(rng), phi: randomScalar(rng), sk };
};

/** uᵢ = rᵢ·Φᵢ + Σ(cᵘ + dᵘ), vᵢ = skᵢ·Φᵢ + Σ(cᵛ + dᵛ), with Φᵢ = φᵢ + Σψ_ji. */
const partialSignature = (
  { r, phi, sk }: Factors,
  shared: {
    readonly sendings: ReadonlyMap<number, Sending>;
    readonly products: ReadonlyMap<number, Products>;
    readonly heard: Inbox<null, SignDirect2>;
  },
): Products => {
  const terms = [...shared.sendings.values(), ...shared.products.values()];
  return withTemporaries((temporary) => {
    const masks = shared.heard.entries().map(([, { each }]) => temporary(each.psi));
    const Phi = temporary(addScalars(phi, ...masks));
    return {
      u: addScalars(temporary(mulScalars(r, Phi)), ...terms.map(({ u }) => u)),
      v: addScalars(temporary(mulScalars(sk, Phi)), ...terms.map(({ v }) => v)),
    };
  });
};
