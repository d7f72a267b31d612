/**
 * Berths: the places in a chip's memory for challenges on their way to a READ or DELETE (docs/spec/agent.md §4).
 * A chip forgets its oldest challenge for a new one; whoever waits here first takes no other session's.
 */
import { BerthQueue, type BerthTurn } from './berthQueue.ts';

/** One part in this many of the berths is kept for renewed challenges. */
const RESERVED_PART = 4;

/** How long a challenge may wait unused before its berth is lent to a session that waits for one, milliseconds. */
const LENT_AFTER = { first: 3_000, renewed: 10_000 } as const;

/** Whether a session has lost a challenge before: renewed ones have berths that first ones never take. */
type BerthKind = keyof typeof LENT_AFTER;

/** The time as berths see it. */
export interface BerthClock {
  /** Milliseconds that never run backwards. */
  monotonic(): number;
  /** Runs work after so many milliseconds; gives the function that cancels it. */
  after(milliseconds: number, work: () => void): () => void;
}

/** The surroundings of a chip's berths. */
export interface BerthOptions {
  /** Most challenges that may be on their way at once, from 2. */
  readonly capacity: number;
  /** Has the chip make a challenge; calls are carried out in their order. */
  readonly challenge: () => Promise<Uint8Array>;
  readonly clock?: BerthClock;
}

/** The place of one challenge. */
export interface Berth {
  /** Has the chip make this berth's challenge, once: 16 bytes. */
  challenge(): Promise<Uint8Array>;
  /** Keeps the berth from being lent, because its challenge is used now; false if that has happened. */
  keep(): boolean;
  /** Gives the berth back after the chip has spent the challenge. */
  spent(): void;
  /** Gives the berth back; the chip may still hold the challenge. */
  leave(): void;
}

/**
 * taken: its challenge is not made yet; open: made, and not used yet; kept: about to be used; over: nobody uses it any
 * more, but the chip may still hold it.
 */
type BerthState = 'taken' | 'open' | 'kept' | 'over';

class Place {
  readonly kind: BerthKind;
  state: BerthState = 'taken';
  /** When the challenge was made. */
  since = 0;

  constructor(kind: BerthKind) {
    this.kind = kind;
  }

  get isLive(): boolean {
    return this.state !== 'over';
  }
}

const REAL_TIME: BerthClock = {
  monotonic: () => performance.now(),
  after: (milliseconds, work) => {
    const timer = setTimeout(work, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

/** The berths of one chip. */
export class Berths {
  readonly #options: BerthOptions;
  readonly #clock: BerthClock;
  readonly #reserved: number;
  readonly #queues = { renewed: new BerthQueue(), first: new BerthQueue() };
  /** Taken, without a challenge. */
  readonly #taken = new Set<Place>();
  /** The challenges that the chip holds, oldest first, from the oldest live one on: older ones go before it. */
  #made: Place[] = [];
  #cancelAlarm: () => void = () => undefined;

  /** @throws RangeError for fewer berths than a first challenge and a renewed one need */
  constructor(options: BerthOptions) {
    if (!(options.capacity >= 2)) {
      throw new RangeError('a chip must remember 3 challenges or more');
    }
    this.#options = options;
    this.#clock = options.clock ?? REAL_TIME;
    this.#reserved = Math.ceil(options.capacity / RESERVED_PART);
  }

  /** How many sessions wait for a berth. */
  get waiting(): number {
    return this.#queues.renewed.size + this.#queues.first.size;
  }

  /**
   * Waits for a berth, in an order that all participants of a session find alike. Undefined if the signal was aborted
   * first; later it gives the berth back.
   */
  take(turn: BerthTurn, signal: AbortSignal): Promise<Berth | undefined> {
    return this.#wait('first', turn, signal);
  }

  /** Waits for a berth of a session whose challenge is lost, before all that have none yet. */
  renew(signal: AbortSignal): Promise<Berth | undefined> {
    return this.#wait('renewed', { due: 0, name: '' }, signal);
  }

  #wait(kind: BerthKind, turn: BerthTurn, signal: AbortSignal): Promise<Berth | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const queue = this.#queues[kind];
    return new Promise((resolve) => {
      const stopped = (): void => {
        queue.remove(entry);
        resolve(undefined);
        this.#settle();
      };
      const entry = queue.add(turn, () => {
        signal.removeEventListener('abort', stopped);
        resolve(this.#admit(kind, signal));
      });
      signal.addEventListener('abort', stopped, { once: true });
      this.#settle();
    });
  }

  #admit(kind: BerthKind, signal: AbortSignal): Berth {
    const place = new Place(kind);
    this.#taken.add(place);
    const leave = (): void => {
      signal.removeEventListener('abort', leave);
      place.state = 'over';
      this.#taken.delete(place);
      this.#settle();
    };
    signal.addEventListener('abort', leave, { once: true });
    return {
      challenge: () => this.#make(place),
      keep: () => {
        if (place.state === 'open') place.state = 'kept';
        return place.state === 'kept';
      },
      spent: () => {
        this.#made = this.#made.filter((other) => other !== place);
        leave();
      },
      leave,
    };
  }

  #make(place: Place): Promise<Uint8Array> {
    if (!this.#taken.delete(place)) throw new TypeError('unreachable: a berth has one challenge');
    this.#made.push(place);
    place.state = 'open';
    place.since = this.#clock.monotonic();
    const challenge = this.#options.challenge();
    // Only now it is known when the berth can be lent.
    this.#settle();
    return challenge;
  }

  /** Admits whoever can be, and lends berths whose time is over to those who wait. */
  #settle(): void {
    this.#cancelAlarm();
    const waits = [this.#serve('renewed'), this.#serve('first')];
    const next = Math.min(...waits);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#cancelAlarm = this.#clock.after(next, () => this.#settle());
  }

  /** Returns milliseconds until a berth can be lent to the next that waits. */
  #serve(kind: BerthKind): number {
    const queue = this.#queues[kind];
    while (queue.size > 0) {
      this.#trim();
      if (this.#hasRoom(kind)) {
        queue.next();
        continue;
      }
      const obstacle = this.#obstacle(kind);
      if (obstacle?.state !== 'open') break;
      const left = obstacle.since + LENT_AFTER[obstacle.kind] - this.#clock.monotonic();
      if (left > 0) return left;
      obstacle.state = 'over';
    }
    return Number.POSITIVE_INFINITY;
  }

  #trim(): void {
    const live = this.#made.findIndex((place) => place.isLive);
    this.#made.splice(0, live < 0 ? this.#made.length : live);
  }

  #hasRoom(kind: BerthKind): boolean {
    const { capacity } = this.#options;
    const all = this.#made.length + this.#taken.size;
    if (all >= capacity) return false;
    const renewed = this.#liveRenewals();
    return kind === 'renewed'
      ? renewed < this.#reserved
      : all - renewed < capacity - this.#reserved;
  }

  #liveRenewals(): number {
    const isRenewal = (place: Place): boolean => place.isLive && place.kind === 'renewed';
    return this.#made.filter(isRenewal).length + [...this.#taken].filter(isRenewal).length;
  }

  /** The berth in the way of the next that waits: the chip forgets its oldest challenge only. */
  #obstacle(kind: BerthKind): Place | undefined {
    if (kind === 'renewed' && this.#liveRenewals() >= this.#reserved) {
      return this.#made.find((place) => place.isLive && place.kind === 'renewed');
    }
    return this.#made[0];
  }
}
