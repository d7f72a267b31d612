/** The shape of the consent that each kind of ceremony describes. */
import type { Approval, Subject } from '@quorate/holder';
import type { z } from 'zod';

/** A participant and the short form of the chip key that this agent has pinned for it. */
export interface PinnedParticipant {
  readonly username: string;
  readonly partIndex: number;
  readonly fingerprint: string;
}

/** The fields that every request for consent has. Usernames come from others: escape them before showing. */
export interface CommonApproval {
  readonly sessionKey: string;
  readonly coordinator: string;
  readonly threshold: number;
  readonly totalParts: number;
  readonly participants: readonly PinnedParticipant[];
  /** milliseconds */
  readonly timeLeft: number;
}

/** The consent to one kind of ceremony. `Rules` are its part of a policy file. */
export interface ApprovalKind<R extends CommonApproval, Rules> {
  /** Whether nobody can undo it: then silence is never taken for consent. */
  readonly irrevocable: boolean;
  /** The lines that a person sees, the title first; free of control and direction characters. */
  describe(request: R): string[];
  /** The person types the first digits of this, the most telling thing among the lines. */
  subject(request: R): Subject;
  /** Reads the rules of a policy file. */
  readonly rules: z.ZodType<Rules>;
  /** Names of keys within the rules, for the nearest known one. */
  readonly keys: readonly string[];
  /** Judges a request by the rules: anything that they do not expressly allow is refused. */
  decide(rules: Rules, request: R): Approval;
}

/** The request of a kind. */
export type ApprovalOfKind<A> = A extends ApprovalKind<infer R, infer _> ? R : never;

/** The rules of a kind. */
export type RulesOfKind<A> = A extends ApprovalKind<infer _, infer Rules> ? Rules : never;
