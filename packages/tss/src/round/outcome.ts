/** The end of a session: an output, or an abort that names the parties at fault and the messages that show it. */
import { AbortError, type AbortReason, type KeyUnsafe } from './errors.ts';
import type { Mailbox, Message } from './mailbox.ts';

/** A session that ended without an output. */
export interface Aborted {
  readonly status: 'aborted';
  readonly reason: AbortReason;
  /** Parties proven to have deviated, sorted; empty: not attributable. */
  readonly culprits: readonly number[];
  /** With `parameters-mismatch`: parties whose parameters differ from this party's, sorted. */
  readonly differing: readonly number[];
  /** Parties whose pairwise state must be refused from now on, on disk before anything else. */
  readonly bans: readonly number[];
  /** Whether the own two-party key must be locked, on disk before anything else. */
  readonly keyUnsafe: KeyUnsafe | null;
  /** The round in which it ended. */
  readonly round: number;
  readonly message: string;
  /** The messages that show it, as far as messages alone can show it. */
  readonly evidence: readonly Message[];
  /** The fault of our own behind `internal-error`, for a local log. */
  readonly cause?: unknown;
}

/** The end of a session. */
export type Outcome<T> = { readonly status: 'completed'; readonly output: T } | Aborted;

/** Turns an error of a round into the outcome; every error but an abort is a fault of our own (L-10). */
export function abortedBy(error: unknown, round: number, mailbox: Mailbox): Aborted {
  if (!(error instanceof AbortError)) {
    const message = 'this party could not go on; nothing was released';
    const empty = { culprits: [], differing: [], bans: [], keyUnsafe: null, evidence: [] };
    return {
      status: 'aborted',
      reason: 'internal-error',
      round,
      message,
      ...empty,
      cause: error,
    };
  }
  const { reason, culprits, differing, bans, keyUnsafe, message, conflicting } = error;
  const concerned = [...culprits, ...differing];
  const shown = conflicting ?? concerned.flatMap((from) => mailbox.saidUntil(round, from));
  const evidence = shown.map((said) => ({ ...said, body: Uint8Array.from(said.body) }));
  const blamed = { culprits, differing, bans, keyUnsafe, evidence };
  const fault = reason === 'internal-error' ? { cause: error.cause } : {};
  return { status: 'aborted', reason, round, message, ...blamed, ...fault };
}
