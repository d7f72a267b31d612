/**
 * A session as data: its state, and the effects that an event calls for.
 *
 * Everything here can be stored as JSON. Effects say what has to happen, not how it is worded or
 * transported (effects.ts does that), so that the reducer knows neither sockets nor tables.
 */

import type { Abort, Claim, FinalCode, Kind, RoundProblemReason } from '@quorate/wire';
import type { Requested } from './events.ts';

/** What a session is for. */
export type SessionKind = Kind;

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
  /** Lower-case hex of 32 bytes: the record that is to be deleted; only in a destruction. */
  readonly recordId?: string;
}

/** A holder of a key's share, whether or not it signs this time. */
interface Holder {
  readonly index: number;
  readonly username: string;
  readonly chipPublicKey: string;
}

/** A holder who is not asked to destroy its shard, because the registry says that its chip is gone. */
export interface Absent {
  readonly index: number;
  readonly username: string;
  readonly seId: string;
  readonly chipState: GoneState;
}

/** States of a chip whose record nobody can be asked to delete. */
export type GoneState = 'lost' | 'destroyed';

/** What the destruction of a key is asked for. */
interface Destruction {
  readonly reason: string;
  readonly absent: readonly Absent[];
}

/**
 * The key that a session is about, and what it does with it. Byte strings are lower-case hex. For a
 * destruction `digest` is the hash of the reason, and `payloadHash` that of the parts that take part.
 */
export interface SignTarget {
  readonly address: string;
  readonly keyId: string;
  readonly epoch: number;
  readonly digest: string;
  readonly holders: readonly Holder[];
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly payloadHash?: string;
  readonly display?: string;
  /** Only of a destruction. */
  readonly destruction?: Destruction;
}

/** What a participant says at the end, once it has been checked. */
export type Result =
  | {
      readonly success: false;
      readonly message: string;
      /** What the participant says went wrong, and at whom it points. */
      readonly abort?: Abort;
      /** Whom the evidence of `abort` proves to have deviated; absent: nobody. */
      readonly proven?: readonly number[];
      readonly record?: StoredRecord;
    }
  | ({ readonly success: true; readonly kind: 'keygen'; readonly shard: string } & KeygenOutput &
      StoredRecord)
  | { readonly success: true; readonly kind: 'sign'; readonly signature: string }
  /** Base64 of the chip's receipt. */
  | { readonly success: true; readonly kind: 'destroy'; readonly receipt: string };

/** What all parties of a key generation must agree on. */
export interface KeygenOutput {
  /** `0x` and 66 hex digits. */
  readonly publicKey: string;
}

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

/** How a session ended. */
export type Outcome =
  | {
      readonly success: true;
      readonly address: string;
      readonly publicKey?: string;
      readonly signature?: string;
      /** Parties whose results never came. */
      readonly missing: readonly number[];
      /** Of a destruction: who closed it, and for whom it is not proven. */
      readonly closed?: {
        readonly by: string;
        readonly reason: string;
        readonly unproven: readonly number[];
      };
    }
  | {
      readonly success: false;
      readonly code: FailureCode;
      readonly details: string;
      /** Who declined, is missing, or is proven at fault; otherwise who accuses whom. */
      readonly concerned: readonly number[];
      /** What was reported, with those as culprits whom its evidence proves. */
      readonly abort?: Abort;
      /** Whom the reporter accuses without proof. */
      readonly claim?: Claim;
    };

/** The state that the events of a session add up to. */
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
  /** Parties whose stored record is to be deleted because the key never came to be. */
  readonly orphans: ReadonlyMap<number, StoredRecord>;
  /** Parties of a destruction whose chips were reported gone after everybody had consented. */
  readonly excused: ReadonlyMap<number, GoneState>;
  /** What kept a party of a destruction from deleting its record, the last time that it tried. */
  readonly delays: ReadonlyMap<number, string>;
  readonly outcome?: Outcome;
  /** Whether those were noted who gave no result of their own in time, although there is a signature. */
  readonly missingNoted?: true;
}

/** What has to happen when an event is stored, in the same transaction or right after it. */
export type Effect =
  | { readonly type: 'invite' }
  | { readonly type: 'begin' }
  | { readonly type: 'relay'; readonly to: readonly number[] }
  | { readonly type: 'renew'; readonly to: number; readonly challenge: string }
  | { readonly type: 'create-key' }
  | { readonly type: 'note-receipt'; readonly from: number; readonly receipt: string }
  | { readonly type: 'destroy-key' }
  | { readonly type: 'orphan'; readonly from: number; readonly record: StoredRecord }
  /** A result that comes after the end: another signature than the one told, or one where none was told. */
  | { readonly type: 'note-result'; readonly from: number; readonly note: 'different' | 'found' }
  | { readonly type: 'note-missing'; readonly missing: readonly number[] }
  | { readonly type: 'tell-outcome' }
  | { readonly type: 'tell-progress'; readonly warning?: string };

/** What an event leads to. */
export interface Step {
  readonly state: SessionState;
  readonly effects: readonly Effect[];
}
