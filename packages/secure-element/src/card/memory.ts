/** The memory that a reset wipes. docs/spec/chip.md §2. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { SW } from '../status.ts';
import { type Card, StatusError } from './card.ts';

/** Most challenges, and most sessions, that every chip remembers (docs/spec/chip.md §2); a further one replaces the oldest. */
export const REMEMBERED = 32;

/** Selection, PIN verification, open challenges and signed sessions. */
export class CardMemory {
  selected = false;
  pinVerified = false;
  /** 16 bytes each, oldest first */
  #challenges: readonly Uint8Array[] = [];
  /** Session hashes, 32 bytes each, oldest first */
  #sessions: readonly Uint8Array[] = [];

  /** Makes a challenge; beyond {@link REMEMBERED} it replaces the oldest. */
  newChallenge(): Uint8Array {
    const challenge = new Uint8Array(randomBytes(16));
    this.#challenges = [...this.#challenges, challenge].slice(-REMEMBERED);
    return challenge.slice();
  }

  /** Consumes a challenge, whatever happens next. @throws StatusError 6984 if it is not open */
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

/** A powered card. */
export interface PoweredCard {
  readonly card: Card;
  readonly memory: CardMemory;
}
