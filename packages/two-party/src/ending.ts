/** The end of a session, as people see it and as the partner is told. */
import {
  COSIGNER_CODES,
  type CosignerCode,
  type PeerAbort,
  type TwoPartySession as SessionView,
} from '@quorate/wire';
import type { Mail } from './mail.ts';
import type { Refusal } from './refusal.ts';
import { toldCode } from './told.ts';

/** Something came of the session. */
interface Success {
  readonly status: 'completed';
  /** `0x` and hex digits; null of a set-up. */
  readonly signature: string | null;
  /** Is still sent, once the end is on disk. */
  readonly last: readonly Mail[];
}

/** Nothing came of it, as far as this side knows. */
export interface Failure extends Refusal {
  readonly status: 'failed' | 'aborted';
}

/** The end of a session. */
export type End = Success | Failure;

/** The end of a session in which this side could not go on. */
export function failureOf({ code, reason }: Refusal): Failure {
  const failed = code === 'internal' || code === 'chip_refused';
  return { status: failed ? 'failed' : 'aborted', code, reason };
}

/** The view of an end; `open` says that only the partner knows whether it is one. */
export function shownEnd(end: End, open: boolean): Partial<SessionView> {
  const { status } = end;
  if (status === 'completed') {
    const signature = end.signature === null ? {} : { signature: end.signature };
    return { ...signature, step: 'StepCompleted', status, error: null };
  }
  const message = shownReason(end.code, end.reason);
  if (open) return { status: 'unknown_outcome', error: unknownOutcome(message) };
  return { status, error: { code: end.code, message } };
}

/** The message to the partner. */
export function farewellOf(code: CosignerCode): PeerAbort {
  const told = toldCode(code);
  return { code: told, reason: COSIGNER_CODES[told].en };
}

/** The message about a session whose outcome is unknown here. */
function unknownOutcome(why: string): SessionView['error'] {
  const { en } = COSIGNER_CODES.unknown_outcome;
  return { code: 'unknown_outcome', message: why === '' ? en : `${en}: ${why}`.slice(0, 400) };
}

function shownReason(code: CosignerCode, reason: string): string {
  const text = COSIGNER_CODES[code].en;
  return reason === '' || reason === text ? text : `${text}: ${reason}`.slice(0, 400);
}
