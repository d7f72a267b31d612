/**
 * The two multiplications of every pair of signers and the checks that tie them to what was
 * committed: docs/spec/sign.md, steps 1–3.
 */
import { wipe } from '../arith/bytes.ts';
import { type Scalar, subScalars } from '../arith/scalar.ts';
import { mul, mulBase, type Point, pointEquals, sumPoints } from '../curve.ts';
import type { Keyshare } from './keyshare.ts';
import { SEND_DRAW } from '../ot/parameters.ts';
import { rvoleFinish, type RvoleReceiver, rvoleReceive, rvoleSend } from '../ot/rvole.ts';
import { type Rng, withDraw } from '../rng.ts';
import { AbortError, partyNames } from '../round/errors.ts';
import type { Inbox } from '../round/protocol.ts';
import type { Secrets } from '../secrets.ts';
import type { SignDirect2 } from './messages.ts';
import { signPairId } from './pairs.ts';

/** The session as the multiplication code sees it. */
export interface SignContext {
  readonly sid: Uint8Array;
  readonly index: number;
  readonly peers: readonly number[];
  readonly keyshare: Keyshare;
  readonly rng: Rng;
  readonly secrets: Secrets;
}

/** This party as Bob towards one peer. Secret. */
export interface Receiving {
  /** χ: the random factor. */
  readonly chi: Scalar;
  readonly message: Uint8Array;
  readonly state: RvoleReceiver;
}

/** This party as Alice towards one peer. Secret but for the message. */
export interface Sending {
  /** cᵘ and cᵛ. */
  readonly u: Scalar;
  readonly v: Scalar;
  readonly message: Uint8Array;
}

/** Own share of both products with one peer. Secret. */
export interface Products {
  readonly u: Scalar;
  readonly v: Scalar;
}

/** Step 1: as Bob towards that peer. */
export function receiveFrom(
  { sid, index, keyshare, rng, secrets }: SignContext,
  peer: number,
): Receiving {
  const { builder } = keyshare.pairWith(peer);
  const { b, message, state } = rvoleReceive(signPairId(sid, index, peer), builder, rng);
  secrets.keep(b, state.choices, state.columns);
  return { chi: b, message, state };
}

/** Step 2: as Alice towards all. [O6] Bans everybody whose extension check fails. */
export function sendToAll(
  { sid, index, peers, keyshare, rng, secrets }: SignContext,
  inputs: readonly [Scalar, Scalar],
  messageOf: (peer: number) => Uint8Array,
): Map<number, Sending> {
  const results = withDraw(rng, peers.length * SEND_DRAW, (drawn) =>
    peers.map((peer) => {
      const { evaluator } = keyshare.pairWith(peer);
      const pairSid = signPairId(sid, peer, index);
      return { peer, sent: rvoleSend(pairSid, evaluator, inputs, messageOf(peer), drawn) };
    }),
  );
  const sendings = new Map<number, Sending>();
  const failed: number[] = [];
  for (const { peer, sent } of results) {
    if (sent === null) failed.push(peer);
    else sendings.set(peer, { u: sent.outputs[0], v: sent.outputs[1], message: sent.message });
    if (sent !== null) secrets.keep(...sent.outputs);
  }
  ban(failed, 'OT extension');
  return sendings;
}

/** Step 3: [M1], [G3], [G4]. Bans everybody for whom one of them fails. */
export function finishAll(
  { secrets }: SignContext,
  receivings: ReadonlyMap<number, Receiving>,
  heard: Inbox<null, SignDirect2>,
): Map<number, Products> {
  const products = new Map<number, Products>();
  const failed: number[] = [];
  for (const [peer, { each }] of heard.entries()) {
    const receiving = receivings.get(peer);
    if (receiving === undefined) throw new Error('unreachable: a receiving for every peer');
    const result = finishOne(receiving, each);
    if (result === null) failed.push(peer);
    else products.set(peer, result);
    if (result !== null) secrets.keep(result.u, result.v);
  }
  ban(failed, 'multiplication');
  return products;
}

const finishOne = ({ chi, state }: Receiving, sent: SignDirect2): Products | null => {
  const outputs = rvoleFinish(state, sent.rvole);
  if (outputs === null) return null;
  const [u, v] = outputs;
  const consistent =
    relationHolds(chi, sent.nonce, u, sent.gammaU) && // χ·R_j = dᵘ·G + Γᵘ
    relationHolds(chi, sent.publicShare, v, sent.gammaV); // χ·pk_j = dᵛ·G + Γᵛ
  if (consistent) return { u, v };
  wipe(u, v);
  return null;
};

const relationHolds = (chi: Scalar, factor: Point, d: Scalar, gamma: Point): boolean => {
  const right = sumPoints([mulBase(d), gamma]);
  return right !== null && pointEquals(mul(factor, chi), right);
};

const ban = (failed: readonly number[], what: string): void => {
  if (failed.length === 0) return;
  const message = `${what} check of ${partyNames(failed)}`;
  throw new AbortError({ reason: 'invalid-proof', culprits: failed, bans: failed, message });
};

/** ψ = φ − χ. */
export const maskedFactor = (phi: Scalar, chi: Scalar): Scalar => subScalars(phi, chi);
