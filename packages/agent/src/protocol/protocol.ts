/** The shape that the protocol of every kind of ceremony has in its thread. */
import type { PartyOutcome, PartySession, Preparation } from '@quorate/holder';
import type { ProtocolStart } from './frames.ts';

/** One kind's protocol. */
export interface ThreadProtocol<S extends ProtocolStart, O extends { readonly kind: string }> {
  /**
   * Makes this party. `prepared` gives the certified keys, `bansOf` the bans that this thread has found of a key.
   * Wipes everything that it opened when it throws.
   */
  begin(
    start: S,
    prepared: () => Preparation,
    bansOf: (keyId: string) => readonly number[],
  ): Running<O>;
}

/** One session of a protocol at work. */
export interface Running<O extends { readonly kind: string }> {
  readonly party: Pick<PartySession<unknown>, 'start' | 'receive' | 'waiting' | 'close'>;
  /** Hex of the id of the key whose share is used, null where there is none yet. */
  readonly key: string | null;
  readonly peers: readonly number[];
  /** After our frames of this round the session needs the share no more. */
  readonly lastRound: number | undefined;
  /** The end of the session, undefined while it runs; the caller wipes the secrets of an output. */
  outcome(): Ended<O> | undefined;
  /** Overwrites the share. */
  wipe(): void;
}

/** The end of a protocol. */
export type Ended<O> =
  | { readonly status: 'completed'; readonly output: O; readonly secrets: readonly Uint8Array[] }
  | Extract<PartyOutcome<unknown>, { status: 'aborted' }>;

/** The input of a protocol. */
export type StartOfProtocol<P> = P extends ThreadProtocol<infer S, infer _> ? S : never;

/** The output of a protocol. */
export type OutputOfProtocol<P> = P extends ThreadProtocol<infer _, infer O> ? O : never;
