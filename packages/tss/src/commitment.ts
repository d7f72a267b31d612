/**
 * Hash commitments that name their committer, session and round, so that a copied commitment opens
 * for nobody else (F-8): `com = H("com", sid, round, committer, salt32, payload)`.
 */
import { concat, equalBytes, u16 } from './arith/bytes.ts';
import { LABELS } from './label.ts';
import { hash } from './transcript.ts';

/** The context that binds a commitment. */
export interface CommitmentContext {
  /** 32 bytes. */
  readonly sessionId: Uint8Array;
  readonly round: number;
  readonly committer: number;
}

/** Commits to a payload; `salt` is 32 random bytes. 32 bytes. */
export function commit(
  { sessionId, round, committer }: CommitmentContext,
  salt: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  return hash(LABELS.commitment, sessionId, concat(u16(round), u16(committer)), salt, payload);
}

/** Whether salt and payload open a commitment of that committer. */
export function verifyOpening(
  commitment: Uint8Array,
  context: CommitmentContext,
  salt: Uint8Array,
  payload: Uint8Array,
): boolean {
  return equalBytes(commitment, commit(context, salt, payload));
}
