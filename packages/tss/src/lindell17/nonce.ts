/**
 * The values that P2 computes before it knows the digest: most of the time that a signature takes.
 *
 * Security: in memory only. Used twice it gives P2's share away, so it is taken out before use and
 * refuses a second time (P-14).
 */
import { systemRng, type Rng } from '../rng.ts';
import { InputError } from '../round/errors.ts';
import { type AffGNonce, prepareAffG } from '../zk/affGNonce.ts';
import { PARAMETERS } from '../zk/parameters.ts';
import type { TwoPartyKeyshare } from './keyshare.ts';

/** Prepared values for one signature with one keyshare. */
export class TwoPartyNonce {
  readonly #encryptedShare: bigint;
  #prepared: AffGNonce | null;

  constructor(encryptedShare: bigint, prepared: AffGNonce) {
    this.#encryptedShare = encryptedShare;
    this.#prepared = prepared;
  }

  /**
   * Hands the values out, once, to the keyshare and epoch that they were made for.
   *
   * @throws InputError `input/nonce`
   */
  take({ fields }: TwoPartyKeyshare): AffGNonce {
    const prepared = this.#prepared;
    if (prepared === null) throw new InputError('input/nonce', 'prepared values serve once');
    if (fields.encryptedShare !== this.#encryptedShare) {
      throw new InputError('input/nonce', 'prepared values of another key or epoch');
    }
    this.#prepared = null;
    return prepared;
  }

  toString(): string {
    return 'TwoPartyNonce(secret redacted)';
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Makes the values for one signature ahead. @throws InputError `input/role` at P1, who needs none */
export function prepareTwoPartySign(
  keyshare: TwoPartyKeyshare,
  rng: Rng = systemRng,
): TwoPartyNonce {
  if (keyshare.role !== 'P2') throw new InputError('input/role', 'only P2 prepares values');
  return new TwoPartyNonce(keyshare.fields.encryptedShare, drawNonce(keyshare, rng));
}

/** The same values, drawn when they are needed. */
export function drawNonce({ bits, fields }: TwoPartyKeyshare, rng: Rng): AffGNonce {
  const { N, encryptedShare, pedersen } = fields;
  return prepareAffG(PARAMETERS[bits], { N, C: encryptedShare, aux: pedersen }, rng);
}
