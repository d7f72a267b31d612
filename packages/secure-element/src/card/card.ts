/**
 * The card under the APDU machine: a chip's keys and persistent memory, wherever they are. docs/spec/chip.md
 * §2.
 */

/** Records that fit on a chip. */
export const CAPACITY = 100;

/** Ends a command with a status word. */
export class StatusError extends Error {
  readonly statusWord: number;

  constructor(statusWord: number) {
    super(`status ${statusWord.toString(16)}`);
    this.name = 'StatusError';
    this.statusWord = statusWord;
  }
}

/** The facts of GET INFO. */
export interface CardStatus {
  readonly used: number;
  readonly triesLeft: number;
  /** Null without a PUK. */
  readonly pukTriesLeft: number | null;
  readonly personalised: boolean;
  /** 65 bytes; null before personalisation, and if only readable after the PIN */
  readonly authorisationKey: Uint8Array | null;
  /** Number of writes so far. */
  readonly counter: number;
  /** Whether the card is a program. */
  readonly software: boolean;
}

/** The place of a record, and the address that its reader must know. */
export interface RecordPlace {
  readonly slot: number;
  /** 20 bytes */
  readonly address: Uint8Array;
}

/**
 * Keys, PIN and records. The card keeps them safe; the machine above it judges who may use them. Every method
 * throws a {@link StatusError}. A write is in persistent memory when the method returns; a failed write throws
 * 6581.
 */
export interface Card {
  /** 42 bytes */
  readonly cplc: Uint8Array;
  /** Whether {@link Card.personalise} takes a PUK. */
  readonly takesPuk: boolean;
  status(): CardStatus;
  /** 65 bytes. @throws StatusError 6985 before personalisation */
  publicKey(): Uint8Array;
  /** 65 bytes. @throws StatusError 6985 before personalisation */
  authorisationKey(): Uint8Array;
  /** ECDSA P-256 over SHA-256(message), DER. */
  sign(message: Uint8Array): Uint8Array;
  /** Makes the card's key and sets authorisation key (a point), PIN and PUK. Called once. */
  personalise(authorisationKey: Uint8Array, pin: Uint8Array, puk: Uint8Array | null): void;
  replaceAuthorisationKey(authorisationKey: Uint8Array): void;
  /** @throws StatusError 63Cx, 6983 */
  verifyPin(pin: Uint8Array): void;
  /** Leaves the new PIN verified. @throws StatusError 63Cx, 6983 */
  changePin(pin: Uint8Array, newPin: Uint8Array): void;
  /** Replaces a blocked PIN, if the PUK is right. @throws StatusError 63Cx, 6983 */
  unblock(puk: Uint8Array, newPin: Uint8Array): void;
  /** Ends the verification of the PIN, if there is one. */
  unverifyPin(): void;
  find(recordId: Uint8Array): RecordPlace | null;
  /** Stores a new record id in the lowest free slot. @throws StatusError 6A84 */
  insert(record: {
    readonly recordId: Uint8Array;
    readonly address: Uint8Array;
    /** Secret. */
    readonly secret: Uint8Array;
  }): { readonly slot: number; readonly used: number };
  /** Raises the count, writes it, and only then returns the secret: a copy that the caller wipes. */
  release(slot: number): { readonly secret: Uint8Array; readonly releaseCount: number };
  /** Deletes a record; returns the number of records left. */
  delete(slot: number): number;
  /** Wipes every secret. */
  powerOff(): void;
}
