/**
 * Tells whether a thread goes on. The thread counts its finished orders in shared memory; the main thread looks at that
 * number in turns and asks an idle thread to count once more. It counts turns and not time: a process that was stopped, or
 * slept for an hour, has missed one turn.
 */

/** The longest time between two looks, milliseconds. */
const LONGEST_TURN_MS = 5000;
/** Looks in the time that a thread has to answer. */
const TURNS = 12;

/** The result of a look. */
export type Look = 'moved' | 'ask' | 'waiting' | 'silent';

/** The pulse of one thread. */
export class Pulse {
  /** Shared with the thread. */
  readonly shared: Int32Array = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #allowed: number;
  #seen = 0;
  #seenAt = performance.now();
  #missed = 0;

  /** `timeoutMs` is the time in which a thread must have carried something out. */
  constructor(timeoutMs: number) {
    this.#allowed = Math.ceil(timeoutMs / turnOf(timeoutMs));
  }

  /** Looks once a turn. `ask` comes once in a silence; `silent` when an asked thread has used up its time. */
  look(): Look {
    if (this.#hasMoved()) return 'moved';
    this.#missed += 1;
    if (this.#missed === 1) return 'ask';
    return this.#missed > this.#allowed + 1 ? 'silent' : 'waiting';
  }

  /** Whether it has been asked a turn ago or longer, and has not answered. */
  get isLate(): boolean {
    return !this.#hasMoved() && this.#missed > 1;
  }

  /** How long ago the pulse was last known to move, milliseconds. */
  get age(): number {
    this.#hasMoved();
    return Math.round(performance.now() - this.#seenAt);
  }

  #hasMoved(): boolean {
    const now = Atomics.load(this.shared, 0);
    if (now === this.#seen) return false;
    this.#seen = now;
    this.#seenAt = performance.now();
    this.#missed = 0;
    return true;
  }
}

/** The time between two looks, milliseconds. */
export function turnOf(timeoutMs: number): number {
  return Math.min(LONGEST_TURN_MS, Math.ceil(timeoutMs / TURNS));
}
