/**
 * Threads for protocols, started before they are needed. All sessions of one key run in one thread: what is found in one
 * of them, a ban or a lock, the others know at once.
 */
import { createHash } from 'node:crypto';
import { HolderError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { CommonOrder, Lost, Prepared } from './control.ts';
import { deferred } from './deferred.ts';
import type { ThreadHealth } from './health.ts';
import { type Listener, Slot } from './slot.ts';

/**
 * How long a thread may work on one thing unless a configuration says otherwise, milliseconds. The longest work, round 2 of
 * a key generation of 32, takes 5.5 s of one slow core, and 15 s (3072-bit set-up) without the native backend.
 */
export const THREAD_TIMEOUT_MS = 60_000;

/** The options of a pool. */
export interface PoolOptions {
  readonly size: number;
  /** The threads' program, of the build. */
  readonly entry: URL;
  readonly logger: Logger;
  /** How long a thread may work on one thing, milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Called when a thread is gone, before its sessions hear of it. */
  readonly onLost?: () => void;
}

/** One session's line to its thread. */
export interface SessionLine<Order> {
  prepare(): Promise<Prepared>;
  /** Gives an order, unless the session is ending. */
  post(order: Order, transfer?: readonly ArrayBuffer[]): void;
  /**
   * Asks for the end. Everything that the thread found before, such as a ban or a lock, still arrives; the
   * promise resolves after that.
   */
  end(): Promise<void>;
}

/** The threads of one program. */
export class ThreadPool<
  Order extends { readonly order: string },
  Event extends { readonly event: string; readonly id: string },
> {
  readonly #slots: readonly Slot<Order, Event>[];
  #closed = false;

  constructor({
    size,
    entry,
    logger,
    timeoutMs = THREAD_TIMEOUT_MS,
    onLost = () => undefined,
  }: PoolOptions) {
    this.#slots = Array.from(
      { length: size },
      (_, index) => new Slot<Order, Event>({ index, entry, timeoutMs, logger, onLost }),
    );
  }

  /** Whether it is closing, or closed. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** The table of the threads. */
  get health(): readonly ThreadHealth[] {
    return this.#slots.map(({ health }) => health);
  }

  /**
   * Opens a session; `affinity` names the key and chooses the thread, null takes the one with the fewest sessions.
   * @throws HolderError `thread_stopped` when there is no thread
   */
  open(
    id: string,
    affinity: string | null,
    onEvent: (event: Event | Lost) => void,
  ): SessionLine<Order> {
    if (this.#closed) throw new HolderError('thread_stopped', 'the program is stopping');
    const slot = affinity === null ? this.#idlest() : this.#slotOf(affinity);
    if (!slot.isUp) throw new HolderError('thread_stopped', 'the protocol thread is not there');
    const listener: Listener<Event> = {
      onEvent,
      ending: false,
      ended: deferred(),
      prepared: undefined,
    };
    slot.sessions.set(id, listener);
    const post = (order: Order | CommonOrder, transfer: readonly ArrayBuffer[] = []): void => {
      if (slot.sessions.get(id) === listener && !listener.ending) slot.post(order, transfer);
    };
    return {
      prepare: () => {
        listener.prepared = deferred();
        post({ order: 'prepare', id });
        return listener.prepared.promise;
      },
      post,
      end: () => {
        post({ order: 'end', id });
        listener.ending = true;
        return listener.ended.promise;
      },
    };
  }

  /** Gives an order that is of no session to the thread of a key; false when there is none. */
  post(affinity: string, order: Order, transfer: readonly ArrayBuffer[] = []): boolean {
    return !this.#closed && this.#slotOf(affinity).post(order, transfer);
  }

  /** Ends all sessions, and stops the threads once each has said all that it has to say. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }

  #idlest(): Slot<Order, Event> {
    const byLoad = this.#slots.toSorted((a, b) => a.sessions.size - b.sessions.size);
    return this.#first(byLoad.find(({ isUp }) => isUp) ?? byLoad[0]);
  }

  #slotOf(affinity: string): Slot<Order, Event> {
    const number = createHash('sha256').update(affinity).digest().readUInt32BE(0);
    return this.#first(this.#slots[number % this.#slots.length]);
  }

  #first(slot: Slot<Order, Event> | undefined): Slot<Order, Event> {
    if (slot === undefined) throw new Error('unreachable: a pool without threads');
    return slot;
  }
}
