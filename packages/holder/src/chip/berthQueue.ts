/** Those who wait for a berth, ordered by a rule that every participant of a session finds alike. */

/** The place of a session in the order: whoever is due first comes first, then by name. */
export interface BerthTurn {
  /** milliseconds since 1970, from the coordinator: the same at every participant. */
  readonly due: number;
  /** The session key. */
  readonly name: string;
}

interface Waiting {
  readonly turn: BerthTurn;
  readonly admit: () => void;
}

/** A queue in the order of turns; equal turns stand in the order of their arrival. */
export class BerthQueue {
  readonly #waiting: Waiting[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  add(turn: BerthTurn, admit: () => void): Waiting {
    const entry = { turn, admit };
    this.#waiting.splice(this.#positionOf(turn), 0, entry);
    return entry;
  }

  remove(entry: Waiting): void {
    const at = this.#waiting.indexOf(entry);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** Admits the first. */
  next(): void {
    this.#waiting.shift()?.admit();
  }

  /** Finds the place behind all that come before a turn. */
  #positionOf(turn: BerthTurn): number {
    let [from, to] = [0, this.#waiting.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      const other = this.#waiting[middle];
      if (other !== undefined && isBefore(turn, other.turn)) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}

function isBefore(one: BerthTurn, other: BerthTurn): boolean {
  return one.due < other.due || (one.due === other.due && one.name < other.name);
}
