/** The rules of key generations: all results, all equal, or no key. Pure. */
import { CEREMONIES as WIRE } from '@quorate/wire';
import { unchanged } from '../../session/step.ts';
import { signersOf } from '../../session/certificate.ts';
import type { OutcomeOf, Rules } from '../../session/ceremony.ts';
import type { Result } from '../../session/types.ts';
import { aborted, disagreement, firstFailure } from '../../session/failures.ts';
import { judge } from './judge.ts';
import { afterFailure, onFailure } from './leftovers.ts';
import type { KeygenEffect, KeygenState, NewShare } from './state.ts';

export const rules: Rules<'keygen', KeygenState> = {
  kind: 'keygen',
  rounds: WIRE.keygen.rounds,
  revealing: null,
  release: null,
  irrevocable: false,
  open: (_requested, opening) => ({ ...opening, kind: 'keygen', orphans: new Map() }),
  intent: (state) => ({
    keyId: null,
    epoch: 0,
    holders: state.parties,
    signers: signersOf(state),
    digest: null,
    payloadHash: null,
    address: null,
  }),
  judge,
  outcome,
  onResult,
  toleratesFalse: () => false,
  onFailure,
  onDeletion: unchanged,
  afterEnd: afterFailure,
  deadlinesAfterEnd: () => [],
  isExcused: () => false,
  awaitsChip: () => false,
};

function outcome(state: KeygenState): OutcomeOf<KeygenState> | undefined {
  const failed = firstFailure(state);
  if (failed !== undefined) return aborted(state, failed);
  const shares = sharesOf(state);
  const [first] = shares;
  if (first === undefined) return undefined;
  if (shares.some(({ publicKey }) => publicKey !== first.publicKey)) {
    return disagreement(state, 'the participants report different public keys');
  }
  if (shares.length < state.parties.length) return undefined;
  const { address, publicKey } = first;
  return { success: true, address, publicKey, missing: [] };
}

/** Stages the ciphertext of a share as soon as it arrives. */
function onResult(from: number, { success }: Result): readonly KeygenEffect[] {
  return success ? [{ type: 'keygen:stage', from }] : [];
}

function sharesOf({ results }: KeygenState): NewShare[] {
  return [...results.values()].filter((result) => result.success);
}
