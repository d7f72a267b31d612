/**
 * A kind of ceremony as the machine sees it: only the part that differs between kinds.
 *
 * The machine of this folder carries out every kind and imports none: the server hands in the table of kinds.
 * The table is looked up by the state's own kind, and only that kind makes its events and effects, so a kind's
 * functions get states, parties, events and effects of their own kind. They may therefore declare narrower
 * parameters than the methods here.
 */
import type { Kind, Language, RequestOf, ResultOf } from '@quorate/wire';
import type { AuditEvent } from '../audit/index.ts';
import type { User, Users } from '../auth/index.ts';
import type { Chips } from '../chips/index.ts';
import type { Hub } from '../delivery/hub.ts';
import type { Tx } from '../store/database.ts';
import type { Decision } from './decision.ts';
import type { Event } from './events.ts';
import type { Refusal } from './refusal.ts';
import type { Run } from './run.ts';
import type {
  Deadlines,
  Opening,
  OwnEffect,
  Party,
  Requested,
  Result,
  SessionState,
  Step,
} from './types.ts';

/** The ways in which a session with this state can end. */
export type OutcomeOf<S extends SessionState> = NonNullable<S['outcome']>;

/** The results of a session with this state. */
export type ResultIn<S extends SessionState> =
  S['results'] extends ReadonlyMap<number, infer R extends Result> ? R : never;

/** The events of a session with this state. */
export type EventOf<S extends SessionState> = Event<ResultIn<S>>;

/** The part of the intent that the kind decides and every party agrees to (docs/spec/intent.md §1). */
export interface IntentTerms {
  /** Lower-case hex of 32 bytes; `null`: the session is about to make the key. */
  readonly keyId: string | null;
  readonly epoch: number;
  /** All present holders of a share of the key, or all future ones. */
  readonly holders: readonly Pick<Party, 'index' | 'username' | 'chipPublicKey'>[];
  /** Indexes that the intent names as taking part, sorted as numbers. */
  readonly signers: readonly number[];
  /** Lower-case hex of 32 bytes. */
  readonly digest: string | null;
  readonly payloadHash: string | null;
  /** EIP-55. */
  readonly address: string | null;
}

/** The rules of a kind. Pure: the reducer and the decisions call them. */
export interface Rules<K extends Kind = Kind, S extends SessionState = SessionState> {
  readonly kind: K;
  /** Number of rounds of the protocol; 0: none. */
  readonly rounds: number;
  /** From this round on a party may hold the output, so a failure means an unknown outcome; `null`: never. */
  readonly revealing: number | null;
  /** The act that each chip is authorised for once every party has consented; `null`: none. */
  readonly release: 'read' | 'delete' | null;
  /** Whether only success can end the session once every party has consented, however long it takes. */
  readonly irrevocable: boolean;

  /** Makes the state of a session that was just requested. */
  open(requested: Requested, opening: Opening): S;
  intent(state: S): IntentTerms;
  /** Judges a participant's result. */
  judge(state: S, party: Party, message: ResultOf<K>, at: number): Decision;
  /** Decides the outcome from the results received; undefined while results are missing. */
  outcome(state: S, deadlinePassed: boolean): OutcomeOf<S> | undefined;
  /** Effects of every result that counts, whatever else follows from it. */
  onResult(from: number, result: Result): readonly OwnEffect[];
  /** Whether a false result fails only its author, because others may still give a true one. */
  toleratesFalse(state: S, refuted: Extract<Event, { readonly type: 'refuted' }>): boolean;
  /** Cleans up after a failure; `cause` is the event that ended the session. */
  onFailure(state: S, cause: Event): Step<S>;
  /** Handles the events about deletions; only sessions that wait for deletions get them. */
  onDeletion(
    state: S,
    event: Extract<Event, { readonly type: 'excused' | 'delayed' | 'closed' }>,
  ): Step<S>;
  /** Handles an event after the end; it never changes the outcome. */
  afterEnd(state: S, event: Event): Step<S>;
  /** Dates that a completed session still waits for. */
  deadlinesAfterEnd(state: S): readonly number[];
  /** Whether the session has stopped waiting for this party. */
  isExcused(state: S, index: number): boolean;
  /** Whether the party's chip may ask for another authorisation. */
  awaitsChip(state: S, index: number): boolean;
}

/** The rules of the kind that has this state. */
export type RulesOf<S extends SessionState> = Rules<Kind, S>;

/** The words of a kind: turns its state into messages of the wire and into entries of the audit log. */
export interface Words<S extends SessionState = SessionState> {
  /** Asks a party to take part. */
  invite(state: S, party: Party): object;
  /** Reports how the session ended; `common` holds the fields of every completion. */
  complete(state: S, outcome: OutcomeOf<S>, common: CommonCompletion): object;
  /** Remarks at the end, besides those of every kind. */
  remarks(outcome: OutcomeOf<S>): readonly Remark[];
  /** Details of the request for the audit log, besides its participants. */
  requestDetails(state: S): AuditEvent['details'];
}

/** The fields that every completion has. */
interface CommonCompletion {
  readonly session_key: string;
  readonly success: boolean;
  readonly message: string;
}

/** A remark about some of the parties. */
export interface Remark {
  readonly text: 'unproven';
  readonly parties: readonly number[];
}

/** Everything that a request is checked against. */
export interface RequestContext {
  readonly users: Users;
  readonly chips: Chips;
  readonly deadlines: Deadlines;
  readonly language: Language;
}

/** Who asks, and when. */
export interface Asker {
  readonly username: string;
  readonly at: number;
  readonly user: User;
}

/** Everything that guards look at. */
export interface GuardContext {
  readonly chips: Chips;
  /** Counts a message about a deletion; false once this user has sent too many. */
  readonly mayAskDeletion: (username: string) => boolean;
}

/** The work of a kind in the store, in the transaction of the event that causes it. */
export interface Work<K extends Kind = Kind, S extends SessionState = SessionState> {
  /** Checks a request: the first event of a session, or a refusal. */
  open(
    tx: Tx,
    context: RequestContext,
    asker: Asker,
    request: RequestOf<K>,
  ): Promise<Requested | Refusal>;
  /** Whether the user who asked for the session could still ask for it now. */
  mayStillAsk(tx: Tx, asker: User, state: S): Promise<boolean>;
  /** Refuses an event that only the store knows to be out of place. */
  admit(tx: Tx, context: GuardContext, state: S, event: Event): Promise<Refusal | undefined>;
  /** Returns the event to apply instead, when the store knows that this one cannot count. */
  guard(tx: Tx, context: GuardContext, state: S, event: Event): Promise<Event | undefined>;
  /** Begins the protocol that every party consented to, and tells each of them. */
  begin(run: Run, state: S): Promise<void>;
  /** Authorises a chip for its new challenge. */
  renew(run: Run, state: S, party: Party, challenge: string): Promise<object>;
  /** Stores the output of the session. */
  settle(run: Run, state: S): Promise<void>;
  /** Carries out one of this kind's own effects. */
  perform(run: Run, state: S, effect: OwnEffect): Promise<void>;
  /** Sessions of this kind with news for a participant whenever it registers. */
  unfinishedFor(tx: Tx, username: string): Promise<readonly string[]>;
  /** The news of such a session for the participant; undefined: none at present. */
  notice(run: Run, state: S, context: GuardContext, party: Party): Promise<object | undefined>;
}

/** Facts about a party from outside its session. */
export interface WaitContext {
  readonly users: Users;
  readonly chips: Chips;
  readonly hub: Hub;
}

/** The part of a session's view that only this kind has. */
export interface View<S extends SessionState = SessionState> {
  digest(state: S): string | null;
  signature(state: S): string | null;
  notes(state: S): readonly string[];
  /** Why an open session waits for a party, when more is known than a missing answer. */
  reason(tx: Tx, context: WaitContext, state: S, party: Party): Promise<string | undefined>;
}

/** One kind of ceremony. */
export interface Ceremony<K extends Kind = Kind, S extends SessionState = SessionState> {
  readonly rules: Rules<K, S>;
  readonly words: Words<S>;
  readonly work: Work<K, S>;
  readonly view: View<S>;
}

/** A session with the ceremony of its kind. */
export interface Running {
  readonly ceremony: Ceremony;
  readonly state: SessionState;
}

/** The table of kinds. */
export type Ceremonies = { readonly [K in Kind]: Ceremony<K> };

/**
 * Looks up the ceremony of a kind. The result no longer shows the kind's own types: a caller that looks it up
 * by the kind of a state gets the functions written for that state.
 */
export function ceremonyOf(ceremonies: Ceremonies, { kind }: { readonly kind: Kind }): Ceremony {
  return ceremonies[kind];
}
