/**
 * The errors of this package: who is at fault, and which words name it outside.
 */

import type { Message } from './mailbox.ts';

/** Base of every error that this package throws on purpose. */
export class TssError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The caller asked for something that is refused before any message is sent (`REFUSE`). */
export class InputError extends TssError {}

/** Bytes that are not the canonical encoding of a valid value. */
export class DecodeError extends TssError {
  /** The place in the message, for instance `round2.all.F[1]`. */
  readonly path: string;
  readonly expected: string;

  constructor(path: string, expected: string) {
    super('malformed-message', `${path}: expected ${expected}`);
    this.path = path;
    this.expected = expected;
  }
}

/** Why a session ended without an output; these strings travel to peers, logs and people. */
export const ABORT_REASONS = [
  'malformed-message',
  'equivocation',
  'parameters-mismatch',
  'commitment-mismatch',
  'invalid-share',
  'invalid-proof',
  'invalid-modulus',
  'invalid-ciphertext',
  'invalid-partial-signature',
  'invalid-signature',
  'aborted-by-peer',
  'internal-error',
] as const;

export type AbortReason = (typeof ABORT_REASONS)[number];

/**
 * The lock that a failure puts on a two-party key (docs/spec/lindell17.md, "Locks"). `refreshable`: a proof failed and
 * nothing was decrypted; a refresh opens the key again. `terminal`: a proof passed and the signature was wrong.
 */
export type KeyUnsafe = 'refreshable' | 'terminal';

/** The facts of an abort. */
export interface AbortDetails {
  readonly reason: AbortReason;
  readonly message: string;
  /** Parties proven to have deviated, sorted. Empty: not attributable. */
  readonly culprits?: readonly number[];
  /**
   * Those of the culprits whose pairwise state must never be used again.
   * Security: ignoring a ban turns repeated failures into an oracle for the share.
   */
  readonly bans?: readonly number[];
  /** Messages that cannot all be honest, if these are the evidence. */
  readonly conflicting?: readonly Message[];
  /**
   * Parties whose parameters differ from this party's. Not culprits: only a caller who knows that all
   * certified the same parameters can tell who deviated.
   */
  readonly differing?: readonly number[];
  /**
   * The own key must be locked, on disk before anything else; null or absent: it stays usable.
   * Security: a key that signs on after such a failure gives its bits away one by one.
   */
  readonly keyUnsafe?: KeyUnsafe | null;
  /** The fault of our own behind `internal-error`. */
  readonly cause?: unknown;
}

/** A session ended because a peer deviated. */
export class AbortError extends TssError {
  readonly reason: AbortReason;
  readonly culprits: readonly number[];
  readonly bans: readonly number[];
  readonly keyUnsafe: KeyUnsafe | null;
  readonly conflicting: readonly Message[] | undefined;
  readonly differing: readonly number[];

  constructor(details: AbortDetails) {
    super(details.reason, details.message, 'cause' in details ? { cause: details.cause } : {});
    this.reason = details.reason;
    this.culprits = sorted(details.culprits ?? []);
    this.bans = sorted(details.bans ?? []);
    this.conflicting = details.conflicting;
    this.differing = sorted(details.differing ?? []);
    this.keyUnsafe = details.keyUnsafe ?? null;
  }
}

const sorted = (parties: readonly number[]): number[] =>
  [...new Set(parties)].sort((left, right) => left - right);

/** Tells whether an error is an abort, and of that reason when one is given. */
export function isAbort(error: unknown, reason?: AbortReason): error is AbortError {
  return error instanceof AbortError && (reason === undefined || error.reason === reason);
}

/** Names parties as people read it: `party 3`, `parties 2, 5`. */
export function partyNames(parties: readonly number[]): string {
  return `${parties.length === 1 ? 'party' : 'parties'} ${parties.join(', ')}`;
}
