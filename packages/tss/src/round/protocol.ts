/**
 * The form of a round: a protocol is a generator that yields its own messages and resumes with those of
 * everybody else. It knows no cryptography and no network.
 */
import { AbortError, type AbortReason, partyNames } from './errors.ts';

/** Canonical bytes of one part of a round. `decode` throws DecodeError. */
export interface BodyCodec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array, path: string): T;
}

/** One round: its number and what is said to everybody (`all`) and to each peer alone (`each`). */
export interface Round<A, E> {
  readonly number: number;
  readonly all: BodyCodec<A> | null;
  readonly each: BodyCodec<E> | null;
}

/** One peer's part of a round. */
export interface Heard<A, E> {
  readonly all: A;
  readonly each: E;
}

/** Every peer's part of a round; total, since a session resumes only when all have spoken. */
export class Inbox<A, E> {
  readonly #heard: ReadonlyMap<number, Heard<A, E>>;

  constructor(heard: ReadonlyMap<number, Heard<A, E>>) {
    this.#heard = heard;
  }

  /** The part of party `index`. */
  get(index: number): Heard<A, E> {
    const heard = this.#heard.get(index);
    if (heard === undefined) throw new Error(`unreachable: party ${index} is not a peer`);
    return heard;
  }

  /** Peers in index order with their parts. */
  entries(): [number, Heard<A, E>][] {
    return [...this.#heard.entries()];
  }
}

/** One yield of a protocol: the bytes of its own messages, and the decoder of those that come. */
export interface Step {
  readonly round: number;
  readonly all: Uint8Array | null;
  readonly each: ReadonlyMap<number, Uint8Array> | null;
  /** Builds the inbox from decoded parts; the one place where the types are erased. */
  decode(from: number, all: Uint8Array | null, each: Uint8Array | null): unknown;
}

/** A protocol run by one party, resumed with one inbox a round. */
export type Protocol<T> = Generator<Step, T, ReadonlyMap<number, unknown>>;

/**
 * Says `all` to everybody and `each(j)` to every peer j, and hears the same from every peer.
 * `null` in place of a part whose codec the round does not have.
 */
export function* exchange<A, E>(
  round: Round<A, E>,
  peers: readonly number[],
  all: A,
  each: (to: number) => E,
): Generator<Step, Inbox<A, E>, ReadonlyMap<number, unknown>> {
  const { all: allCodec, each: eachCodec, number } = round;
  const heard = yield {
    round: number,
    all: allCodec === null ? null : allCodec.encode(all),
    each: eachCodec === null ? null : new Map(peers.map((to) => [to, eachCodec.encode(each(to))])),
    decode: (from, allBytes, eachBytes): Heard<A, E> => ({
      all: decodePart(allCodec, allBytes, `round${number}.all`, from),
      each: decodePart(eachCodec, eachBytes, `round${number}.each`, from),
    }),
  };
  return new Inbox(heard as ReadonlyMap<number, Heard<A, E>>);
}

const decodePart = <T>(
  codec: BodyCodec<T> | null,
  bytes: Uint8Array | null,
  path: string,
  from: number,
): T => {
  if (codec === null) return null as T;
  if (bytes === null) throw new Error(`unreachable: ${path} of party ${from} is missing`);
  return codec.decode(bytes, path);
};

/** One round in which one of two parties speaks: its number and the codec of its message. */
export interface Turn<T> {
  readonly number: number;
  readonly body: BodyCodec<T>;
}

/** Says `value` to party `to` and awaits nothing. The shape of this round has no part for this party. */
export function* send<T>(
  { number, body }: Turn<T>,
  to: number,
  value: T,
): Generator<Step, void, ReadonlyMap<number, unknown>> {
  yield { round: number, all: null, each: new Map([[to, body.encode(value)]]), decode: nothing };
}

/** Says nothing and awaits the message of party `from`. */
export function* receive<T>(
  turn: Turn<T>,
  from: number,
): Generator<Step, T, ReadonlyMap<number, unknown>> {
  const heard = yield { round: turn.number, all: null, each: null, decode: decoderOf(turn) };
  return heard.get(from) as T;
}

/** Says `value` to the only peer and hears the same kind of message from it. */
export function* swap<T>(
  turn: Turn<T>,
  peer: number,
  value: T,
): Generator<Step, T, ReadonlyMap<number, unknown>> {
  const each = new Map([[peer, turn.body.encode(value)]]);
  const heard = yield { round: turn.number, all: null, each, decode: decoderOf(turn) };
  return heard.get(peer) as T;
}

const decoderOf =
  <T>({ number, body }: Turn<T>): Step['decode'] =>
  (from, _, each): T =>
    decodePart(body, each, `round${number}`, from);

/** Says nothing to a peer alone: the `each` of a round that only broadcasts. */
export const nothing = (): null => null;

/** Collects every peer for whom `holds` is false, then aborts once with all of them as culprits. */
export function blameUnless<A, E>(
  inbox: Inbox<A, E>,
  reason: AbortReason,
  what: string,
  holds: (heard: Heard<A, E>, from: number) => boolean,
): void {
  const culprits = failing(inbox, holds);
  if (culprits.length === 0) return;
  throw new AbortError({ reason, culprits, message: `${what} of ${partyNames(culprits)}` });
}

/** Aborts without a culprit, because nothing shows who deviated. */
export function abortUnless(holds: boolean, reason: AbortReason, message: string): void {
  if (!holds) throw new AbortError({ reason, message });
}

const failing = <A, E>(
  inbox: Inbox<A, E>,
  holds: (heard: Heard<A, E>, from: number) => boolean,
): number[] =>
  inbox
    .entries()
    .filter(([from, heard]) => !holds(heard, from))
    .map(([from]) => from);
