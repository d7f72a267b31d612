/** What the commands of the virtual chip work on: persistent state, memory that a reset clears, and the key. */
import { createPrivateKey, randomBytes, sign, timingSafeEqual } from 'node:crypto';
import { SW } from '../status.ts';
import type { ChipRecord, ChipState, Personalisation } from './state.ts';

/** Challenges, and sessions, that the chip remembers; a further one takes the place of the oldest. */
const REMEMBERED = 32;

/** Ends a command with a status word. */
export class StatusError extends Error {
  readonly statusWord: number;

  constructor(statusWord: number) {
    super(`status ${statusWord.toString(16)}`);
    this.name = 'StatusError';
    this.statusWord = statusWord;
  }
}

/** Memory that a reset clears. */
export interface Volatile {
  selected: boolean;
  pinVerified: boolean;
  /** 16 bytes each, oldest first */
  challenges: Uint8Array[];
  /** Session hashes, 32 bytes each, oldest first */
  sessions: Uint8Array[];
}

/** Writes a state so that it survives a power cut the moment this returns. */
export type Persist = (state: ChipState) => void;

/** The inside of the virtual chip. */
export class Chip {
  readonly memory: Volatile = {
    selected: false,
    pinVerified: false,
    challenges: [],
    sessions: [],
  };
  #state: ChipState;
  readonly #persist: Persist;

  constructor(state: ChipState, persist: Persist) {
    this.#state = state;
    this.#persist = persist;
  }

  get state(): ChipState {
    return this.#state;
  }

  /** Writes a change first and uses it after; when the write fails the old state stays. */
  commit(change: Partial<Omit<ChipState, 'counter'>>): void {
    const next = { ...this.#state, ...change, counter: this.#state.counter + 1 };
    this.#persist(next);
    this.#state = next;
  }

  /** What personalisation set. @throws StatusError 6985 before it */
  personalisation(): Personalisation {
    if (this.#state.personalisation === null) throw new StatusError(SW.conditions);
    return this.#state.personalisation;
  }

  /** ECDSA P-256 over SHA-256(message), DER. */
  sign(message: Uint8Array): Uint8Array {
    const { privateKey, publicKey } = this.personalisation();
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
    const key = createPrivateKey({
      format: 'jwk',
      key: {
        kty: 'EC',
        crv: 'P-256',
        d: text(privateKey),
        x: text(publicKey.subarray(1, 33)),
        y: text(publicKey.subarray(33)),
      },
    });
    return new Uint8Array(sign('sha256', message, key));
  }

  /** A new challenge; beyond {@link REMEMBERED} the oldest is forgotten. */
  newChallenge(): Uint8Array {
    const challenge = new Uint8Array(randomBytes(16));
    this.memory.challenges = [...this.memory.challenges, challenge].slice(-REMEMBERED);
    return challenge;
  }

  /** Takes a challenge out, whatever happens next. @throws StatusError 6984 when it is not open */
  consumeChallenge(challenge: Uint8Array): void {
    const { challenges } = this.memory;
    const rest = challenges.filter((open) => !timingSafeEqual(open, challenge));
    if (rest.length === challenges.length) throw new StatusError(SW.challengeUnknown);
    this.memory.challenges = rest;
  }

  rememberSession(hash: Uint8Array): void {
    const others = this.memory.sessions.filter((known) => !timingSafeEqual(known, hash));
    this.memory.sessions = [...others, hash].slice(-REMEMBERED);
  }

  knowsSession(hash: Uint8Array): boolean {
    return this.memory.sessions.some((known) => timingSafeEqual(known, hash));
  }

  /** The slot of a record id, or −1. */
  slotOf(recordId: Uint8Array): number {
    return this.#state.records.findIndex(
      (record) => record !== null && timingSafeEqual(record.recordId, recordId),
    );
  }

  /** Writes one slot. */
  commitRecord(slot: number, record: ChipRecord | null): void {
    this.commit({ records: this.#state.records.with(slot, record) });
  }
}
