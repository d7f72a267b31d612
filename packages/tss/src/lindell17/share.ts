/** A party's share of a new key, committed to with its proof: steps K1, K4 and K5. */
import { wipe } from '../arith/bytes.ts';
import { randomScalar, type Scalar } from '../arith/scalar.ts';
import { mulBase } from '../curve.ts';
import { proveSchnorr, schnorrNonce, verifySchnorr } from '../schnorr.ts';
import { blamePeerUnless } from './blame.ts';
import { encodeShareOpening, type ShareOpening } from './messages.ts';
import { schnorrBound, type TwoPartyContext } from './party.ts';
import { checkOpening, type Exchanged } from './preParams.ts';

const STEP = 'share';

/** xᵢ, and the opening of its commitment. */
export interface OwnShare {
  /** Secret: xᵢ. */
  readonly secretShare: Scalar;
  readonly opening: ShareOpening;
}

/** Draws xᵢ and the share of the chain code. */
export function drawShare({ sid, epoch, index, rng }: TwoPartyContext): OwnShare {
  const secretShare = randomScalar(rng);
  const publicShare = mulBase(secretShare); // Xᵢ = xᵢ·G
  const nonce = schnorrNonce(rng);
  const response = proveSchnorr(
    schnorrBound({ sid, epoch }, index, STEP),
    secretShare,
    publicShare,
    nonce,
  );
  const opening = { publicShare, nonce: nonce.A, response, chainShare: rng(32) };
  return { secretShare, opening };
}

/** [L2] Blames the peer unless it opens its commitment to a share that it knows. */
export function checkShare(
  context: TwoPartyContext,
  exchanged: Exchanged,
  { opening, salt }: { readonly opening: ShareOpening; readonly salt: Uint8Array },
): void {
  const { peer } = context;
  checkOpening(context, exchanged, salt, encodeShareOpening(opening));
  const { publicShare, nonce, response } = opening;
  const known = verifySchnorr(schnorrBound(context, peer, STEP), publicShare, nonce, response);
  blamePeerUnless(known, peer, 'invalid-proof', 'proof of the share');
}

/** Overwrites the share of a key that did not come about. */
export function wipeShare({ secretShare, opening }: OwnShare): void {
  wipe(secretShare, opening.chainShare);
}
