/**
 * Limits how fast passwords can be guessed, and whom a guesser can lock out.
 *
 * Failures are counted by name and place: after five in a row the place has to wait before it tries that name
 * again. Guesses from many places are also counted by name, and only places that the user has not used have to
 * wait for those: nobody can lock a user out of a known place from another one.
 */
import { type Rates, RATES } from './defaults.ts';
import { createThrottle, type Throttle } from './throttle.ts';

/** An attempted login. */
export interface Attempt {
  readonly username: string;
  /** The device that proved itself, else the address: failures are counted for it. */
  readonly place: string;
  /** Whether this user logged in from there lately. */
  readonly known: boolean;
}

/** Failures without a penalty. */
export type GuessRates = Pick<Rates, 'guessesPerPlace' | 'guessesPerName'>;

const BY_PLACE = { firstWait: 1_000, longestWait: 300_000 };
const BY_NAME = { firstWait: 1_000, longestWait: 60_000 };

/** Counts guesses, whether or not a user of that name exists: the answers do not reveal which names do. */
export class Guesses {
  readonly #byPlace: Throttle;
  readonly #byName: Throttle;

  readonly #flood: number;

  constructor(now: () => number, { guessesPerPlace, guessesPerName }: GuessRates = RATES) {
    this.#byPlace = createThrottle(now, { ...BY_PLACE, free: guessesPerPlace });
    this.#byName = createThrottle(now, { ...BY_NAME, free: guessesPerName });
    this.#flood = guessesPerName;
  }

  /** Milliseconds until this login may be tried; 0: at once. */
  waitOf(attempt: Attempt): number {
    const own = this.#byPlace.waitOf(keyOf(attempt));
    return attempt.known ? own : Math.max(own, this.#byName.waitOf(attempt.username));
  }

  /** Counts a failure; says whether the name now counts as attacked from many places. */
  failed(attempt: Attempt): { readonly flooded: boolean } {
    this.#byPlace.failed(keyOf(attempt));
    if (attempt.known) return { flooded: false };
    return { flooded: this.#byName.failed(attempt.username) === this.#flood };
  }

  /** Resets the failures of this place only: a success proves nothing about the others. */
  succeeded(attempt: Attempt): void {
    this.#byPlace.succeeded(keyOf(attempt));
    if (!attempt.known) this.#byName.forgive(attempt.username);
  }
}

const keyOf = ({ username, place }: Attempt): string => JSON.stringify([username, place]);
