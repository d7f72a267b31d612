/**
 * Who decides whether this participant takes part: nobody (`auto`), a person (`prompt`) or rules (`policy`).
 */
import type { Payload } from '@quorate/intent';

/** A key generation to be approved. Usernames come from others: escape them before showing. */
export interface KeygenApproval {
  readonly kind: 'keygen';
  readonly sessionKey: string;
  readonly coordinator: string;
  readonly threshold: number;
  readonly totalParts: number;
  readonly partIndex: number;
  readonly participants: readonly PinnedParticipant[];
  /** 32 bytes: the hash of everything that the participants agree on, the same for each of them. */
  readonly intent: Uint8Array;
  /** milliseconds */
  readonly timeLeft: number;
}

/** A signature to be approved. `display` is unverified text of the requester. */
export interface SignApproval {
  readonly kind: 'sign';
  readonly sessionKey: string;
  readonly coordinator: string;
  readonly address: string;
  /** 32 bytes */
  readonly digest: Uint8Array;
  /** What the digest was recomputed from, or null for a bare digest. */
  readonly payload: Payload | null;
  readonly display: unknown;
  readonly threshold: number;
  readonly totalParts: number;
  readonly participants: readonly PinnedParticipant[];
  /** milliseconds */
  readonly timeLeft: number;
}

/** The destruction of a key to be approved. `reason` is unverified text of the requester. */
export interface DestroyApproval {
  readonly kind: 'destroy';
  readonly sessionKey: string;
  readonly coordinator: string;
  readonly address: string;
  readonly reason: string;
  readonly threshold: number;
  readonly totalParts: number;
  readonly partIndex: number;
  readonly participants: readonly PinnedParticipant[];
  /** Holders who are not asked, because the coordinator says that their chips are gone. */
  readonly absent: readonly PinnedParticipant[];
  /** milliseconds */
  readonly timeLeft: number;
}

/** A participant and the short form of the chip key that this agent has pinned for it. */
export interface PinnedParticipant {
  readonly username: string;
  readonly partIndex: number;
  readonly fingerprint: string;
}

/** What there is to decide. */
export type ApprovalRequest = KeygenApproval | SignApproval | DestroyApproval;

type WithoutTime<R> = R extends ApprovalRequest ? Omit<R, 'timeLeft'> : never;

/** What there is to decide, before anybody has looked at the clock. */
export type ApprovalQuestion = WithoutTime<ApprovalRequest>;

/** The decision; a refusal's reason is told to everyone of the session. */
export type Approval =
  | { readonly accept: true }
  | { readonly accept: false; readonly reason: string };

/** Decides; `signal` says that the question is void, its reason why. */
export type Approve = (request: ApprovalRequest, signal: AbortSignal) => Promise<Approval>;

/**
 * Approves without a person: for machines whose requests were approved elsewhere, and for development. What
 * cannot be undone is refused unless the configuration says otherwise.
 */
export function approveAll({ destroy }: { readonly destroy: boolean }): Approve {
  return async (request) =>
    request.kind !== 'destroy' || destroy
      ? { accept: true }
      : { accept: false, reason: 'this agent does not destroy keys without a person' };
}
