/**
 * A session as data: its state, and the effects of an event.
 *
 * Everything here can be stored as JSON. Effects name the work to do; effects.ts words and sends it, so the
 * reducer knows neither sockets nor tables.
 */

import type { Abort, Claim, FinalCode, Kind, RoundProblemReason } from '@quorate/wire';

/** The phase of a session. The last two are final. */
type Phase = 'inviting' | 'running' | 'completed' | 'failed';

/** How long each part of a session may take, milliseconds. */
export interface Deadlines {
  readonly invitation: number;
  readonly round: number;
  readonly session: number;
}

/** A participant of a session with its chip; for a signature, the shard's chip. */
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
 * The first event of every session: everything that was checked and fixed at the request. Each kind adds its
 * own fields.
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

/** A participant's report that it failed, once checked. */
export interface Failure {
  readonly success: false;
  readonly message: string;
  /** The reason that the participant gives, and the parties it accuses. */
  readonly abort?: Abort;
  /** The parties that the evidence of `abort` proves to have deviated; absent: nobody. */
  readonly proven?: readonly number[];
  /** The record that the chip holds even so. */
  readonly record?: StoredRecord;
}

/** A participant's successful part, once checked; each kind adds its fields. */
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

/** Why a session failed. */
export type FailureCode = FinalCode;

/** The part of a participant's consent that the session keeps. */
interface Answer {
  readonly certificate: string;
  readonly sessionHash: string;
  readonly challenge?: string;
  /** The challenge that came with the consent, before any renewal. */
  readonly offered?: string;
}

/** A message that a party could not use, as far as known: a report is no proof. */
export interface Problem {
  /** The reporter; `null`: this server saw it itself. */
  readonly by: number | null;
  readonly about: number;
  readonly round: number;
  readonly reason: RoundProblemReason;
}

/** The successful end of a session; each kind adds its output. */
export interface Done {
  readonly success: true;
  /** EIP-55: the key of the session. */
  readonly address: string;
  /** Parties whose results never came. */
  readonly missing: readonly number[];
}

/** The failed end of a session. */
export interface Failed {
  readonly success: false;
  readonly code: FailureCode;
  readonly details: string;
  /** The parties that declined, are missing or are proven at fault; otherwise accuser and accused. */
  readonly concerned: readonly number[];
  /** The report that ended the session; its culprits are those whom the evidence proves. */
  readonly abort?: Abort;
  /** The parties whom the reporter accuses without proof. */
  readonly claim?: Claim;
}

/** How a session ended. */
export type Outcome = Done | Failed;

/** The part of a session's state that every kind has: the sum of its events. */
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
  /** The highest round that each party has spoken in, and its number of messages in that round. */
  readonly spoken: ReadonlyMap<number, { readonly round: number; readonly messages: number }>;
  readonly renewals: ReadonlyMap<number, number>;
  /** Messages that could not be used, by author, round and reporter. */
  readonly problems: ReadonlyMap<string, Problem>;
  readonly results: ReadonlyMap<number, Result>;
  readonly outcome?: Outcome;
}

/** A state before its kind adds its own part, and before anybody has spoken. */
export interface Opening extends Omit<SessionState, 'kind' | 'results' | 'outcome'> {
  readonly results: ReadonlyMap<number, never>;
}

/** An effect that only one kind knows; its name begins with the kind. */
export interface OwnEffect {
  readonly type: `${Kind}:${string}`;
}

/** An effect of the machine, carried out in the transaction that stores the event or right after it. */
type MachineEffect =
  | { readonly type: 'invite' }
  | { readonly type: 'begin' }
  | { readonly type: 'relay'; readonly to: readonly number[] }
  | { readonly type: 'renew'; readonly to: number; readonly challenge: string }
  /** The session succeeded: the store takes over its output. */
  | { readonly type: 'settle' }
  | { readonly type: 'tell-outcome' }
  | { readonly type: 'tell-progress'; readonly warning?: string };

export type Effect = MachineEffect | OwnEffect;

/** The state after an event, and the effects of that event. */
export interface Step<S extends SessionState = SessionState> {
  readonly state: S;
  readonly effects: readonly Effect[];
}
