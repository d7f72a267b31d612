/** The messages of each kind of session: their types on the wire, their rounds, their steps. */
import { SETUP_MESSAGES, SIGN_MESSAGES, type TwoPartyMessage } from '@quorate/tss';
import type { PeerType, Step, TwoPartyType } from '@quorate/wire';

/** The message of a round. */
export function messageOfRound(
  type: TwoPartyType,
  round: number,
): { readonly type: PeerType; readonly step: Step } | undefined {
  const messages = type === 'sign' ? SIGN_MESSAGES : SETUP_MESSAGES;
  return messages.find((message) => message.round === round);
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
