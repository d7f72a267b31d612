/** P1's Paillier key with all proofs that P2 asks for: steps K3 and K4 of docs/spec/lindell17.md. */
import type { Scalar } from '../arith/scalar.ts';
import type { Point } from '../curve.ts';
import {
  checkModulus,
  encrypt,
  isCiphertext,
  paillierFromPrimes,
  sampleUnit,
} from '../paillier.ts';
import type { PrimePair } from '../primes.ts';
import { proveFac, verifyFac } from '../zk/factors.ts';
import { type LogStarStatement, proveLogStar, verifyLogStar } from '../zk/logStar.ts';
import { proveMod, verifyMod } from '../zk/modulus.ts';
import { PARAMETERS } from '../zk/parameters.ts';
import { blamePeerUnless } from './blame.ts';
import type { PaillierData } from './messages.ts';
import { integerOf } from './numbers.ts';
import { P1, type TwoPartyContext, zkBound } from './party.ts';
import type { Exchanged } from './preParams.ts';

/** P1: encrypts x₁ under a new key and proves it against P2's parameters. */
export function makePaillierData(
  { bits, epoch, rng }: TwoPartyContext,
  { transcript: sid, theirs: aux }: Exchanged,
  [p, q]: PrimePair,
  { secretShare, publicShare }: { readonly secretShare: Scalar; readonly publicShare: Point },
): PaillierData {
  const set = PARAMETERS[bits];
  const place = { sid, epoch };
  const key = paillierFromPrimes(p, q);
  const { N } = key.public;
  const x = integerOf(secretShare);
  const rho = sampleUnit(key.public, rng);
  const encryptedShare = encrypt(key.public, x, rho); // c_key = Enc(x₁; ρ)
  const statement: LogStarStatement = { N, C: encryptedShare, X: publicShare, aux };
  return {
    N,
    encryptedShare,
    mod: proveMod(zkBound(place, P1, 'mod'), set, { N }, { p, q }, rng),
    fac: proveFac(zkBound(place, P1, 'fac'), set, { N, aux }, { p, q }, rng),
    logStar: proveLogStar(zkBound(place, P1, 'log-star'), set, statement, { x, rho }, rng),
  };
}

/**
 * P2: blames P1 unless the key is sound and holds the logarithm of X₁. The statement is P2's own: the
 * X₁ that was opened or follows from Q, the N and c_key that it will use (L-5).
 */
export function checkPaillierData(
  { bits, epoch }: TwoPartyContext,
  { transcript: sid, own: aux, theirs }: Exchanged,
  { N, encryptedShare, mod, fac, logStar }: PaillierData,
  { publicShare, known }: { readonly publicShare: Point; readonly known: readonly bigint[] },
): void {
  const set = PARAMETERS[bits];
  const place = { sid, epoch };
  const fault = checkModulus(N, bits, [aux.N, theirs.N, ...known]); // [P1] [P2] [P8]
  blamePeerUnless(fault === 'ok', P1, 'invalid-modulus', `Paillier modulus (${fault})`);
  const isProduct = verifyMod(zkBound(place, P1, 'mod'), set, { N }, mod); // [P3]
  blamePeerUnless(isProduct, P1, 'invalid-proof', 'Π^mod');
  const isBalanced = verifyFac(zkBound(place, P1, 'fac'), set, { N, aux }, fac); // [P4]
  blamePeerUnless(isBalanced, P1, 'invalid-proof', 'Π^fac');
  const isUnit = isCiphertext({ N, bits }, encryptedShare); // [P9]
  blamePeerUnless(isUnit, P1, 'invalid-ciphertext', 'encrypted share');
  const statement: LogStarStatement = { N, C: encryptedShare, X: publicShare, aux };
  const isShare = verifyLogStar(zkBound(place, P1, 'log-star'), set, statement, logStar); // [L1]
  blamePeerUnless(isShare, P1, 'invalid-proof', 'Π^log*');
}
