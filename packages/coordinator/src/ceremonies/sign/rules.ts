/** The rules of signatures: the first one that verifies is the outcome. Pure. */
import { CEREMONIES as WIRE } from '@quorate/wire';
import { unchanged } from '../../session/step.ts';
import { signersOf } from '../../session/certificate.ts';
import type { Rules } from '../../session/ceremony.ts';
import { mayBeHeld } from '../../session/revealed.ts';
import { targetTerms } from '../target.ts';
import { afterEnd, waitsForNotes } from './afterEnd.ts';
import { judge } from './judge.ts';
import { outcome } from './outcome.ts';
import type { SignRequested, SignState } from './state.ts';

/** The round whose messages let their receivers compute the signature. */
const revealing = 3;

export const rules: Rules<'sign', SignState> = {
  kind: 'sign',
  rounds: WIRE.sign.rounds,
  revealing,
  release: 'read',
  irrevocable: false,
  open: ({ target, rules: version }: SignRequested, opening) => ({
    ...opening,
    kind: 'sign',
    target,
    ...(version === undefined ? {} : { rules: version }),
  }),
  intent: (state) => targetTerms(state, signersOf(state)),
  judge,
  outcome: (state, deadlinePassed) =>
    outcome(state, { deadlinePassed, held: mayBeHeld({ revealing }, state) }),
  onResult: () => [],
  toleratesFalse: (state, { code }) =>
    state.rules !== undefined && code === 'invalid_result' && mayBeHeld({ revealing }, state),
  onFailure: unchanged,
  onDeletion: unchanged,
  afterEnd,
  deadlinesAfterEnd: (state) => (waitsForNotes(state) ? [state.roundExpiresAt] : []),
  isExcused: () => false,
  awaitsChip: ({ phase, results }, index) => phase === 'running' && !results.has(index),
};
