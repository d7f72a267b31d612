/** The rules of destructions: nobody can take back a consent that every holder has given. Pure. */
import { CEREMONIES as WIRE } from '@quorate/wire';
import { unchanged } from '../../session/step.ts';
import { indexesOf } from '../../session/certificate.ts';
import type { ResultIn, Rules } from '../../session/ceremony.ts';
import { targetTerms } from '../target.ts';
import { judge } from './judge.ts';
import { outcome } from './outcome.ts';
import { afterDestruction, onDeletion, owesReceipt } from './reduce.ts';
import type { DestroyRequested, DestroyState, ReceiptEffect } from './state.ts';

export const rules: Rules<'destroy', DestroyState> = {
  kind: 'destroy',
  rounds: WIRE.destroy.rounds,
  revealing: null,
  release: 'delete',
  irrevocable: true,
  open: ({ target, parties }: DestroyRequested, opening) => ({
    ...opening,
    kind: 'destroy',
    target,
    parties,
    excused: new Map(),
    delays: new Map(),
  }),
  // A destruction concerns the whole key; its payload hash names the parts that are destroyed now.
  intent: (state) => targetTerms(state, indexesOf(state.target.holders)),
  judge,
  outcome,
  onResult: (from, result: ResultIn<DestroyState>): readonly ReceiptEffect[] =>
    result.success ? [{ type: 'destroy:receipt', from, receipt: result.receipt }] : [],
  toleratesFalse: () => false,
  onFailure: unchanged,
  onDeletion,
  afterEnd: afterDestruction,
  deadlinesAfterEnd: () => [],
  isExcused: ({ excused }, index) => excused.has(index),
  awaitsChip: owesReceipt,
};
