/**
 * A kind of ceremony as the machine sees it: the part in which it differs from all others.
 *
 * The machine of this folder carries out every kind and knows none: the server hands the table of kinds in. A
 * kind's functions get states, parties, events and effects of that kind only, since the table is asked by the
 * state's own kind, and only this kind makes its events and effects. They say so in their parameters, which
 * methods may have narrower than here.
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

/** How a session with this state ends. */
export type OutcomeOf<S extends SessionState> = NonNullable<S['outcome']>;

/** The results of a session with this state. */
export type ResultIn<S extends SessionState> =
  S['results'] extends ReadonlyMap<number, infer R extends Result> ? R : never;

/** The events of a session with this state. */
export type EventOf<S extends SessionState> = Event<ResultIn<S>>;

/** What everybody agrees to, as far as the kind decides it (docs/spec/intent.md §1). */
export interface IntentTerms {
  /** Lower-case hex of 32 bytes; `null`: the key is still to be made. */
  readonly keyId: string | null;
  readonly epoch: number;
  /** Everybody who holds a share of the key, or is to. */
  readonly holders: readonly Pick<Party, 'index' | 'username' | 'chipPublicKey'>[];
  /** Indexes of those whom the intent names as taking part, sorted as numbers. */
  readonly signers: readonly number[];
  /** Lower-case hex of 32 bytes. */
  readonly digest: string | null;
  readonly payloadHash: string | null;
  /** EIP-55. */
  readonly address: string | null;
}

/** The rules of a kind. Pure: the reducer and the decisions ask them. */
export interface Rules<K extends Kind = Kind, S extends SessionState = SessionState> {
  readonly kind: K;
  /** Rounds of its protocol; 0: none. */
  readonly rounds: number;
  /** From this round on somebody may hold the output, so that a failure is an unknown outcome; `null`: never. */
  readonly revealing: number | null;
  /** What each chip is authorised to do once everybody has consented; `null`: nothing. */
  readonly release: 'read' | 'delete' | null;
  /** Whether nothing but success ends it once everybody has consented, however long that takes. */
  readonly irrevocable: boolean;

  /** The state of a session that was just asked for. */
  open(requested: Requested, opening: Opening): S;
  intent(state: S): IntentTerms;
  /** What a participant's result means for the session. */
  judge(state: S, party: Party, message: ResultOf<K>, at: number): Decision;
  /** How the session ends by the results that came; undefined while more has to come. */
  outcome(state: S, deadlinePassed: boolean): OutcomeOf<S> | undefined;
  /** What has to happen when a result counts, whatever else follows from it. */
  onResult(from: number, result: Result): readonly OwnEffect[];
  /** Whether a false result is only its author's, because others may still give a true one. */
  toleratesFalse(state: S, refuted: Extract<Event, { readonly type: 'refuted' }>): boolean;
  /** What a failure leaves to be cleaned up; `cause` is the event that ended the session. */
  onFailure(state: S, cause: Event): Step<S>;
  /** What becomes of the events that only sessions know which wait for the deletion of records. */
  onDeletion(
    state: S,
    event: Extract<Event, { readonly type: 'excused' | 'delayed' | 'closed' }>,
  ): Step<S>;
  /** What an event that comes after the end changes; never the outcome. */
  afterEnd(state: S, event: Event): Step<S>;
  /** Dates that a completed session still waits for. */
  deadlinesAfterEnd(state: S): readonly number[];
  /** Whether the session no longer waits for a party that takes part. */
  isExcused(state: S, index: number): boolean;
  /** Whether a party's chip may ask for another authorisation. */
  awaitsChip(state: S, index: number): boolean;
}

/** The rules of whatever kind has this state. */
export type RulesOf<S extends SessionState> = Rules<Kind, S>;

/** The words of a kind: its state as the messages of the wire and as entries of the audit log. */
export interface Words<S extends SessionState = SessionState> {
  /** Asks a party whether it takes part. */
  invite(state: S, party: Party): object;
  /** Tells how the session ended; `common` holds what all completions have. */
  complete(state: S, outcome: OutcomeOf<S>, common: CommonCompletion): object;
  /** What is said at the end beside what every kind says. */
  remarks(outcome: OutcomeOf<S>): readonly Remark[];
  /** What the audit log says of the request beside its participants. */
  requestDetails(state: S): AuditEvent['details'];
}

/** The fields that every completion has. */
interface CommonCompletion {
  readonly session_key: string;
  readonly success: boolean;
  readonly message: string;
}

/** Parties about whom something is said. */
export interface Remark {
  readonly text: 'unproven';
  readonly parties: readonly number[];
}

/** What a request is checked against. */
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

/** What guards look at. */
export interface GuardContext {
  readonly chips: Chips;
  /** Counts a message about a deletion; false when this user sends too many. */
  readonly mayAskDeletion: (username: string) => boolean;
}

/** The work of a kind in the store, in the transaction of the event that calls for it. */
export interface Work<K extends Kind = Kind, S extends SessionState = SessionState> {
  /** Checks a request: the first event of a session, or a refusal. */
  open(
    tx: Tx,
    context: RequestContext,
    asker: Asker,
    request: RequestOf<K>,
  ): Promise<Requested | Refusal>;
  /** Whether whoever asked for the session might still ask for it now. */
  mayStillAsk(tx: Tx, asker: User, state: S): Promise<boolean>;
  /** Refuses what only the store knows to be out of place. */
  admit(tx: Tx, context: GuardContext, state: S, event: Event): Promise<Refusal | undefined>;
  /** The event that happens instead, when the store knows that this one cannot count. */
  guard(tx: Tx, context: GuardContext, state: S, event: Event): Promise<Event | undefined>;
  /** Begins what everybody has consented to, and tells every party. */
  begin(run: Run, state: S): Promise<void>;
  /** The authorisation for a chip's new challenge. */
  renew(run: Run, state: S, party: Party, challenge: string): Promise<object>;
  /** Takes over what the session has made. */
  settle(run: Run, state: S): Promise<void>;
  /** Carries out an effect of this kind's own. */
  perform(run: Run, state: S, effect: OwnEffect): Promise<void>;
  /** The sessions of this kind that have something to tell a participant whenever it registers. */
  unfinishedFor(tx: Tx, username: string): Promise<readonly string[]>;
  /** What such a session tells it; undefined: nothing now. */
  notice(run: Run, state: S, context: GuardContext, party: Party): Promise<object | undefined>;
}

/** What is known of a party beside its session. */
export interface WaitContext {
  readonly users: Users;
  readonly chips: Chips;
  readonly hub: Hub;
}

/** What a kind shows of a session beside what every kind shows. */
export interface View<S extends SessionState = SessionState> {
  digest(state: S): string | null;
  signature(state: S): string | null;
  notes(state: S): readonly string[];
  /** Why an open session waits for a party, when more is known than that it has not answered. */
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
 * The ceremony of a kind. Here its own types are forgotten: whoever asks by the kind of a state gets the
 * functions that were written for that state.
 */
export function ceremonyOf(ceremonies: Ceremonies, { kind }: { readonly kind: Kind }): Ceremony {
  return ceremonies[kind];
}
