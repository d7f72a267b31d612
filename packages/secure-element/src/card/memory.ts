/** The memory that a reset clears. docs/spec/chip.md §2. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { SW } from '../status.ts';
import { type Card, StatusError } from './card.ts';

/** Challenges, and sessions, that a card remembers; a further one takes the place of the oldest. */
const REMEMBERED = 32;

/** Selection, PIN verification, open challenges and the sessions that were signed. */
export class CardMemory {
  selected = false;
  pinVerified = false;
  /** 16 bytes each, oldest first */
  #challenges: readonly Uint8Array[] = [];
  /** Session hashes, 32 bytes each, oldest first */
  #sessions: readonly Uint8Array[] = [];

  /** A new challenge; beyond {@link REMEMBERED} the oldest is forgotten. */
  newChallenge(): Uint8Array {
    const challenge = new Uint8Array(randomBytes(16));
    this.#challenges = [...this.#challenges, challenge].slice(-REMEMBERED);
    return challenge.slice();
  }

  /** Takes a challenge out, whatever happens next. @throws StatusError 6984 when it is not open */
  consumeChallenge(challenge: Uint8Array): void {
    const rest = this.#challenges.filter((open) => !timingSafeEqual(open, challenge));
    if (rest.length === this.#challenges.length) throw new StatusError(SW.challengeUnknown);
    this.#challenges = rest;
  }

  rememberSession(hash: Uint8Array): void {
    const others = this.#sessions.filter((known) => !timingSafeEqual(known, hash));
    this.#sessions = [...others, hash].slice(-REMEMBERED);
  }

  knowsSession(hash: Uint8Array): boolean {
    return this.#sessions.some((known) => timingSafeEqual(known, hash));
  }
}

/** A card that has power. */
export interface PoweredCard {
  readonly card: Card;
  readonly memory: CardMemory;
}
