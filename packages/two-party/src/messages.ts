/** The messages of each kind of session: their types on the wire, their rounds, their steps. */
import {
  SETUP_MESSAGES,
  SIGN_MESSAGES,
  type TwoPartyMessage,
  type TwoPartyMessageType,
} from '@quorate/tss/lindell17';
import type { PeerType, Step, TwoPartyType } from '@quorate/wire';

/** A message of a round between a session and its protocol thread. */
export interface Frame {
  readonly round: number;
  readonly from: number;
  readonly to: number | null;
  /** base64 */
  readonly body: string;
  /** base64 */
  readonly signature: string;
}

/** The step in which people see each message. */
const STEPS: { readonly [T in TwoPartyMessageType]: Step } = {
  pre_params: 'StepPreParams',
  pre_params_ack: 'StepPreParams',
  keygen_p1_data: 'StepKeygenP1',
  keygen_p2_ack: 'StepKeygenP2',
  sign_commit: 'StepSignRound1',
  sign_p2_nonce: 'StepSignRound1',
  sign_open: 'StepSignRound2',
  sign_p2_partial: 'StepSignRound2',
  sign_done: 'StepSignRound3',
};

/** The message of a round. */
export function messageOfRound(
  type: TwoPartyType,
  round: number,
): { readonly type: PeerType; readonly step: Step } | undefined {
  const messages = type === 'sign' ? SIGN_MESSAGES : SETUP_MESSAGES;
  const found = messages.find((message) => message.round === round);
  return found === undefined ? undefined : { type: found.type, step: STEPS[found.type] };
}

/** Whether a party says this message in this round. */
export function isExpected(
  session: TwoPartyType,
  message: { readonly type: string; readonly round: number },
  from: 1 | 2,
): boolean {
  const messages: readonly TwoPartyMessage[] = session === 'sign' ? SIGN_MESSAGES : SETUP_MESSAGES;
  return messages.some(
    (known) =>
      known.type === message.type && known.round === message.round && known.from.includes(from),
  );
}

/** The first step of a session. */
export function firstStep(type: TwoPartyType): Step {
  return type === 'sign' ? 'StepSignRound1' : 'StepPreParams';
}

/** Whether this message of P2 may show that the key is unsafe (docs/spec/lindell17.md, step S5). */
export function isJudged(session: TwoPartyType, round: number): boolean {
  return messageOfRound(session, round)?.type === 'sign_p2_partial';
}

/** Whether this message of P1 holds the signature. */
export function isResult(session: TwoPartyType, round: number): boolean {
  return messageOfRound(session, round)?.type === 'sign_done';
}
