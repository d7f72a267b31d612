/** How a session ends, and what is shown and told of it. */
import {
  COSIGNER_CODES,
  type CosignerCode,
  type PeerAbort,
  type TwoPartySession as SessionView,
} from '@quorate/wire';
import { toldCode } from './told.ts';

/** The end of a session. */
export interface End {
  readonly status: 'completed' | 'failed' | 'aborted';
  readonly code?: CosignerCode;
  readonly reason?: string;
  readonly shown?: Partial<SessionView>;
  /** Here alone: the partner hears of it when the lock is on disk, and it asks. */
  readonly untold?: boolean;
  /** The partner said so, and it knows what came of the session. */
  readonly answered?: boolean;
  /** What is still sent, once the end is on disk. */
  readonly last?: (() => void) | undefined;
}

/** What is shown of an end; `open` says that only the partner knows whether it is one. */
export function shownEnd(
  { status, code, reason = '', shown = {} }: End,
  open: boolean,
): Partial<SessionView> {
  if (code === undefined) return { ...shown, status, error: null };
  const message = shownReason(code, reason);
  if (open) return { ...shown, status: 'unknown_outcome', error: unknownOutcome(message) };
  return { ...shown, status, error: { code, message } };
}

/** What the partner is told. */
export function farewellOf(code: CosignerCode): PeerAbort {
  const told = toldCode(code);
  return { code: told, reason: COSIGNER_CODES[told].en };
}

/** What is said of a session whose outcome is not known here. */
export function unknownOutcome(why: string): SessionView['error'] {
  const { en } = COSIGNER_CODES.unknown_outcome;
  return { code: 'unknown_outcome', message: why === '' ? en : `${en}: ${why}`.slice(0, 400) };
}

function shownReason(code: CosignerCode, reason: string): string {
  const text = COSIGNER_CODES[code].en;
  return reason === '' || reason === text ? text : `${text}: ${reason}`.slice(0, 400);
}
