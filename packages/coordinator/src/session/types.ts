/**
 * A session as data: its state, and the effects that an event calls for.
 *
 * Everything here can be stored as JSON. Effects say what has to happen, not how it is worded or
 * transported (effects.ts does that), so that the reducer knows neither sockets nor tables.
 */

import type { Abort, Claim, FinalCode, Kind, RoundProblemReason } from '@quorate/wire';

/** Where a session stands. The last two are final. */
type Phase = 'inviting' | 'running' | 'completed' | 'failed';

/** How long each part of a session may take, milliseconds. */
export interface Deadlines {
  readonly invitation: number;
  readonly round: number;
  readonly session: number;
}

/** A participant of a session with the chip that takes part; for a signature, the shard's chip. */
export interface Party {
  readonly index: number;
  readonly username: string;
  readonly seId: string;
  /** 84 lower-case hex digits. */
  readonly cpic: string;
  /** Lower-case hex of 65 bytes. */
  readonly chipPublicKey: string;
}

/**
 * The first event of every session: everything that was checked and fixed when it was asked for. Each kind
 * adds what it is asked about.
 */
export interface Requested {
  readonly type: 'requested';
  readonly at: number;
  readonly kind: Kind;
  readonly sessionKey: string;
  readonly coordinator: string;
  readonly threshold: number;
  readonly totalParts: number;
  /** In the order of the request. */
  readonly parties: readonly Party[];
  readonly deadlines: Deadlines;
  readonly warnings: readonly string[];
}

/** States of a chip whose record nobody can be asked to delete. */
export type GoneState = 'lost' | 'destroyed';

/** A participant's word that it has not done its part, once it has been checked. */
export interface Failure {
  readonly success: false;
  readonly message: string;
  /** What the participant says went wrong, and at whom it points. */
  readonly abort?: Abort;
  /** Whom the evidence of `abort` proves to have deviated; absent: nobody. */
  readonly proven?: readonly number[];
  /** The record that its chip holds all the same. */
  readonly record?: StoredRecord;
}

/** A participant's part of what was asked for, once it has been checked; each kind says what it is. */
export interface Success {
  readonly success: true;
  readonly kind: Kind;
}

/** How a ceremony ended at one participant. */
export type Result = Failure | Success;

/** A record that a chip has stored. */
export interface StoredRecord {
  /** EIP-55. */
  readonly address: string;
  /** Lower-case hex of 32 bytes. */
  readonly recordId: string;
}

/** Why a session ended without what it was asked for. */
export type FailureCode = FinalCode;

/** A participant's consent, as far as it concerns the session. */
interface Answer {
  readonly certificate: string;
  readonly sessionHash: string;
  readonly challenge?: string;
  /** The challenge that came with the consent, before any renewal. */
  readonly offered?: string;
}

/** Whose message could not be used by whom, as far as it is known: a report is no proof. */
export interface Problem {
  /** Who says so; `null`: this server has seen it itself. */
  readonly by: number | null;
  readonly about: number;
  readonly round: number;
  readonly reason: RoundProblemReason;
}

/** The end of a session that did what was asked for; each kind adds what it made. */
export interface Done {
  readonly success: true;
  /** EIP-55: the key that the session was about. */
  readonly address: string;
  /** Parties whose results never came. */
  readonly missing: readonly number[];
}

/** The end of a session that did not. */
export interface Failed {
  readonly success: false;
  readonly code: FailureCode;
  readonly details: string;
  /** Who declined, is missing, or is proven at fault; otherwise who accuses whom. */
  readonly concerned: readonly number[];
  /** The report that ended it, with those as culprits whom its evidence proves. */
  readonly abort?: Abort;
  /** Whom the reporter accuses without proof. */
  readonly claim?: Claim;
}

/** How a session ended. */
export type Outcome = Done | Failed;

/** The part of a session's state that every kind has: what its events add up to. */
export interface SessionState extends Omit<Requested, 'type' | 'at'> {
  readonly phase: Phase;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly inviteExpiresAt: number;
  readonly sessionExpiresAt: number;
  readonly roundExpiresAt: number;
  readonly answers: ReadonlyMap<number, Answer>;
  /** Hash of every relayed message by slot: from, round, to. */
  readonly slots: ReadonlyMap<string, string>;
  /** The highest round that each party has spoken in, and how many messages of it came. */
  readonly spoken: ReadonlyMap<number, { readonly round: number; readonly messages: number }>;
  readonly renewals: ReadonlyMap<number, number>;
  /** Messages that could not be used, by author, round and who says so. */
  readonly problems: ReadonlyMap<string, Problem>;
  readonly results: ReadonlyMap<number, Result>;
  readonly outcome?: Outcome;
}

/** A state before its kind has added its own part: nobody has said anything yet. */
export interface Opening extends Omit<SessionState, 'kind' | 'results' | 'outcome'> {
  readonly results: ReadonlyMap<number, never>;
}

/** An effect that only one kind knows; its name begins with the kind. */
export interface OwnEffect {
  readonly type: `${Kind}:${string}`;
}

/** An effect of the machine: it has to happen when an event is stored, in the same transaction or right after it. */
type MachineEffect =
  | { readonly type: 'invite' }
  | { readonly type: 'begin' }
  | { readonly type: 'relay'; readonly to: readonly number[] }
  | { readonly type: 'renew'; readonly to: number; readonly challenge: string }
  /** The session did what was asked for: the store takes it over. */
  | { readonly type: 'settle' }
  | { readonly type: 'tell-outcome' }
  | { readonly type: 'tell-progress'; readonly warning?: string };

export type Effect = MachineEffect | OwnEffect;

/** The state after an event, and what has to happen because of it. */
export interface Step<S extends SessionState = SessionState> {
  readonly state: S;
  readonly effects: readonly Effect[];
}
