/** Where a session stands. Each phase has its own data, public bytes and texts only. */
import type { Step, TwoPartySession as SessionView } from '@quorate/wire';
import type { Certified, PeerKeys } from './certificates.ts';
import type { Effect } from './effects.ts';
import type { Mail } from './mail.ts';
import type { Frame } from './messages.ts';
import type { End } from './ending.ts';
import type { Terms } from './terms.ts';

interface Common {
  readonly terms: Terms;
  /** The last progress shown to people. */
  readonly step: Step | null;
}

/** The partner's proposal, its certificate checked. */
export interface Asked extends Certified {
  /** Of the key in the intent; null at a key generation. */
  readonly epoch: number | null;
}

/** Before the protocol runs: rounds that come early are kept. */
interface Agreeing extends Common {
  readonly early: readonly Mail[];
}

/** This side proposed it, or answers a proposal. */
interface Answering extends Agreeing {
  readonly asked: Asked | null;
}

/** Waits for room on the chip. */
export interface Beginning extends Answering {
  readonly phase: 'beginning';
}

/** Waits for a decision on the partner's proposal. */
export interface Deciding extends Agreeing {
  readonly phase: 'deciding';
  readonly asked: Asked;
}

/** Waits for primes. */
export interface Preparing extends Answering {
  readonly phase: 'preparing';
}

/** This side ordered it, and others before it: waits for its turn. */
export interface Queued extends Answering {
  readonly phase: 'queued';
}

/** Waits for its ephemeral keys. */
export interface Keying extends Answering {
  readonly phase: 'keying';
}

/** Waits for its own certificate. */
export interface Certifying extends Answering {
  readonly phase: 'certifying';
  readonly intent: Uint8Array;
  readonly epoch: number | null;
}

/** Waits for the partner's certificate. */
export interface Proposed extends Agreeing {
  readonly phase: 'proposed';
  readonly intent: Uint8Array;
  readonly epoch: number | null;
  readonly certificate: Uint8Array;
  /** The partner's word before its certificate: each gives it time once, in this order. */
  readonly heard: 'nothing' | 'awaiting_approval' | 'preparing';
}

/** Both sides agree; waits for the key to open. */
export interface Starting extends Agreeing {
  readonly phase: 'starting';
  readonly sid: Uint8Array;
  readonly peer: PeerKeys;
  readonly epoch: number | null;
}

/** The rounds. */
interface Working extends Common {
  /** Orders that the protocol thread has not answered yet: until then the partner owes nothing. */
  readonly owed: number;
}

/** The rounds of a signature. */
export interface Signing extends Working {
  readonly phase: 'signing';
  /** P1's last message, until the signature in it is on disk. */
  readonly held: readonly Frame[];
  /** P2's last message has left: only P1 knows from now on what comes of the session. */
  readonly outcomeLeft: boolean;
}

/** The rounds of a key generation or a refresh. */
export interface SettingUp extends Working {
  readonly phase: 'settingUp';
  readonly partnerStored: boolean;
}

/** The new share is on its way to disk and chip. */
export interface Storing extends Common {
  readonly phase: 'storing';
  readonly partnerStored: boolean;
  readonly address: string;
  readonly publicKey: Uint8Array;
}

/** The new share is there, and not the key yet. */
export interface Stored extends Common {
  readonly phase: 'stored';
  readonly partnerStored: boolean;
}

/** How far a share has come of a session that does nothing more with it. */
export type ShareAtEnd = 'none' | 'on its way' | 'stored';

/** Its key has a lock that is not on disk: it says nothing until it is, or until its deadline. */
export interface Silent extends Common {
  readonly phase: 'silent';
  readonly outcomeLeft: boolean;
  readonly share: ShareAtEnd;
}

/** The end is being written. */
export interface Ending extends Common {
  readonly phase: 'ending';
  readonly end: End;
  /** The view of the end. */
  readonly shown: Partial<SessionView>;
  /** How that came out; it waits for a lock that is not on disk then. */
  readonly written: 'not yet' | 'kept' | 'unkept';
  /** Here alone: the partner hears of it when the lock is on disk, and it asks. */
  readonly untold: boolean;
  readonly share: ShareAtEnd;
}

/** Nothing more comes of it but the end of what was under way. */
interface Over extends Common {
  readonly phase: 'over';
  readonly share: ShareAtEnd;
}

/** A session that has not ended. */
export type Living =
  | Beginning
  | Deciding
  | Preparing
  | Queued
  | Keying
  | Certifying
  | Proposed
  | Starting
  | Signing
  | SettingUp
  | Storing
  | Stored;

/** A session. */
export type State = Living | Silent | Ending | Over;

/** A session after an event, and what is to be done. */
export interface Change {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** A change. */
export function change(state: State, ...effects: readonly Effect[]): Change {
  return { state, effects };
}

/** Nothing happens. */
export function unchanged(state: State): Change {
  return { state, effects: [] };
}

/** One change after another. */
export function andThen(first: Change, next: (state: State) => Change): Change {
  const second = next(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

/** Effects before those of a change. */
export function after(effects: readonly Effect[], { state, effects: more }: Change): Change {
  return { state, effects: [...effects, ...more] };
}

/** Whether only the partner knows what comes of the session. */
export function hasLeftOutcome(state: Living | Silent): boolean {
  switch (state.phase) {
    case 'signing':
    case 'silent':
      return state.outcomeLeft;
    case 'stored':
      return state.terms.index === 2;
    case 'beginning':
    case 'deciding':
    case 'preparing':
    case 'queued':
    case 'keying':
    case 'certifying':
    case 'proposed':
    case 'starting':
    case 'settingUp':
    case 'storing':
      return false;
    default:
      return state satisfies never;
  }
}

/** Whether it hears anything that the partner, the thread or a person says. */
export function isLiving(state: State): state is Living {
  return state.phase !== 'silent' && state.phase !== 'ending' && state.phase !== 'over';
}
