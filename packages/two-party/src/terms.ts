/** The facts of one side about its session from the beginning: agreed on, and never changed. */
import type { TwoPartyType } from '@quorate/wire';
import type { SignableMessage } from './message.ts';

/** One of the two, under the P-256 key that the other has pinned. */
export interface Holder {
  readonly name: string;
  /** 65 bytes. */
  readonly identity: Uint8Array;
}

/** Everything that both sides certify, but for the key. */
export interface Meaning {
  readonly id: string;
  readonly type: TwoPartyType;
  /** P1 is 1. */
  readonly index: 1 | 2;
  readonly own: Holder;
  readonly partner: Holder;
  readonly message: SignableMessage | null;
  /** Bits of the moduli of a key that does not exist yet. */
  readonly bits: 2048 | 3072;
}

/** A session as one side runs it. */
export interface Terms extends Meaning {
  readonly initiator: 'own' | 'partner';
  /** The session that generated the key. */
  readonly keySessionId: string | null;
  readonly address: string | null;
  /** Whether a person decides on what the partner proposes. */
  readonly asks: boolean;
  /** Seconds. */
  readonly deadlines: {
    readonly step: number;
    readonly setUpStep: number;
    readonly approval: number;
  };
}

/** The key of a session as its holder knows it at the moment. */
export interface KeyFacts {
  /** 32 bytes in hex. */
  readonly keyId: string;
  readonly epoch: number;
  readonly address: string;
  readonly bits: 2048 | 3072;
  readonly lock: 'none' | 'refreshable' | 'terminal';
  /** How much of its lock is still in memory alone. */
  readonly unsaved: 'nothing' | 'record' | 'lock';
}

/** The facts at an event: the reducer asks nobody. */
export interface Facts {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of the whole session, milliseconds. */
  readonly timeLeft: number;
  readonly key: KeyFacts | null;
}
