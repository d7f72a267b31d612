/**
 * Oblivious-transfer set-up of one pair, both directions: docs/spec/keygen.md, steps 2–4, and
 * docs/spec/ot.md. Direction (builder b, evaluator e) has a session id of its own.
 */
import type { Point } from '../curve.ts';
import { type BaseOtReceiver, baseOtFinish, baseOtReceive, baseOtSend } from '../ot/base.ts';
import { ANSWER_DRAW, OFFER_DRAW } from '../ot/parameters.ts';
import { type OtBuilder, type OtEvaluator, pprfBuild, pprfEvaluate } from '../ot/pprf.ts';
import { withDraw } from '../rng.ts';
import type { KeygenContext } from './dealing.ts';
import type { KeygenDirect3 } from './messages.ts';
import { setupPairId } from './pairs.ts';

/** An evaluator's state between its base-OT message and the builder's answer. Secret. */
export interface EvaluatorOffer {
  readonly sid: Uint8Array;
  readonly state: BaseOtReceiver;
}

/** A builder's answer and its state. */
export interface BuilderAnswer {
  readonly builder: OtBuilder;
  readonly baseOt: readonly Point[];
  readonly pprf: Uint8Array;
}

/** Starts the direction in which this party evaluates and `peer` builds. Fresh choices each (O-5). */
export function offerTo({ sid, index, rng, secrets }: KeygenContext, peer: number): EvaluatorOffer {
  const pairSid = setupPairId(sid, peer, index);
  const state = withDraw(rng, OFFER_DRAW, (drawn) => baseOtReceive(pairSid, drawn));
  secrets.keep(state.choices, ...state.secrets);
  return { sid: pairSid, state };
}

/** Answers as builder; null if the evaluator's message is not acceptable (O1, O2). */
export function answerTo(
  { sid, index, rng, secrets }: KeygenContext,
  peer: number,
  received: readonly Point[],
): BuilderAnswer | null {
  const pairSid = setupPairId(sid, index, peer);
  const sent = withDraw(rng, ANSWER_DRAW, (drawn) => baseOtSend(pairSid, received, drawn));
  if (sent === null) return null;
  const { builder, message } = pprfBuild(pairSid, sent.pads);
  sent.pads.fill(0);
  secrets.keepUnlessDone(builder.seeds);
  return { builder, baseOt: sent.message, pprf: message };
}

/** Finishes as evaluator; null if base OT or PPRF proof fails (O2, O5). */
export function finishWith(
  { secrets }: KeygenContext,
  { sid, state }: EvaluatorOffer,
  { baseOt, pprf }: KeygenDirect3,
): OtEvaluator | null {
  const pads = baseOtFinish(sid, state, baseOt);
  if (pads === null) return null;
  const evaluator = pprfEvaluate(sid, state.choices, pads, pprf);
  pads.fill(0);
  if (evaluator !== null) secrets.keepUnlessDone(evaluator.delta, evaluator.seeds);
  return evaluator;
}
