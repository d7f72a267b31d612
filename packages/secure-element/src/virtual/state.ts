/** The virtual chip's persistent state, and its bytes. docs/spec/chip.md §5. */
import { concat, u32 } from '@quorate/intent';
import { CAPACITY } from '../card/card.ts';
import { SecureElementError } from '../errors.ts';

/** Wrong PINs in a row after which only the PUK helps. */
export const PIN_TRIES = 3;
/** Wrong PUKs in a row after which nothing helps. */
export const PUK_TRIES = 10;

/** A secret that the chip releases when authorised. */
export interface ChipRecord {
  /** 32 bytes */
  readonly recordId: Uint8Array;
  /** 20 bytes */
  readonly address: Uint8Array;
  /** Secret. 32 bytes */
  readonly secret: Uint8Array;
  /** How often READ has released the secret. */
  readonly releaseCount: number;
}

/** The facts set by personalisation. */
export interface Personalisation {
  /** Secret. 32 bytes, P-256 scalar */
  readonly privateKey: Uint8Array;
  /** 65 bytes */
  readonly publicKey: Uint8Array;
  /** 65 bytes */
  readonly authorisationKey: Uint8Array;
  /** 16 bytes */
  readonly pinSalt: Uint8Array;
  /** Secret. 32 bytes, SHA-256(salt ‖ PIN) */
  readonly pinHash: Uint8Array;
  /** Null for a chip personalised without one. */
  readonly puk: Puk | null;
}

/** The verifier and the tries of the PUK. */
interface Puk {
  readonly triesLeft: number;
  /** 16 bytes */
  readonly salt: Uint8Array;
  /** Secret. 32 bytes, SHA-256(salt ‖ PUK) */
  readonly hash: Uint8Array;
}

/** Persistent memory. Never changed in place: a new state is written first and used after. */
export interface ChipState {
  /** Number of writes so far. */
  readonly counter: number;
  /** 42 bytes */
  readonly cplc: Uint8Array;
  readonly triesLeft: number;
  readonly personalisation: Personalisation | null;
  /** {@link CAPACITY} slots */
  readonly records: readonly (ChipRecord | null)[];
}

/** The version before chips had a PUK; read, but never written. */
const VERSION_WITHOUT_PUK = 1;
const VERSION = 2;
const PERSONALISATION_LENGTH = 32 + 65 + 65 + 16 + 32;
const PUK_LENGTH = 1 + 1 + 16 + 32;
const RECORD_LENGTH = 32 + 20 + 32 + 4;
const LENGTH_WITHOUT_PUK =
  1 + 4 + 42 + 1 + 1 + PERSONALISATION_LENGTH + CAPACITY * (1 + RECORD_LENGTH);
const STATE_LENGTHS: ReadonlyMap<number, number> = new Map([
  [VERSION_WITHOUT_PUK, LENGTH_WITHOUT_PUK],
  [VERSION, LENGTH_WITHOUT_PUK + PUK_LENGTH],
]);

/** Bytes of a state as it is written. */
export const STATE_LENGTH: number = LENGTH_WITHOUT_PUK + PUK_LENGTH;

/** Security: the result holds every secret of the chip; the caller wipes it. */
export function encodeState(state: ChipState): Uint8Array {
  const personalisation = state.personalisation;
  return concat(
    Uint8Array.of(VERSION),
    u32(state.counter),
    state.cplc,
    Uint8Array.of(state.triesLeft, personalisation === null ? 0 : 1),
    personalisation === null
      ? new Uint8Array(PERSONALISATION_LENGTH)
      : concat(
          personalisation.privateKey,
          personalisation.publicKey,
          personalisation.authorisationKey,
          personalisation.pinSalt,
          personalisation.pinHash,
        ),
    encodePuk(personalisation?.puk ?? null),
    ...state.records.map(encodeRecord),
  );
}

function encodePuk(puk: Puk | null): Uint8Array {
  if (puk === null) return new Uint8Array(PUK_LENGTH);
  return concat(Uint8Array.of(1, puk.triesLeft), puk.salt, puk.hash);
}

function encodeRecord(record: ChipRecord | null): Uint8Array {
  if (record === null) return new Uint8Array(1 + RECORD_LENGTH);
  const { recordId, address, secret, releaseCount } = record;
  return concat(Uint8Array.of(1), recordId, address, secret, u32(releaseCount));
}

/** Decodes every version of {@link encodeState}; each has one length, so a file's size reveals nothing. */
export function decodeState(bytes: Uint8Array): ChipState {
  const [version = 0] = bytes;
  if (STATE_LENGTHS.get(version) !== bytes.length) {
    throw new SecureElementError('file-unreadable', 'the chip file has another format version');
  }
  let at = 1;
  const take = (length: number): Uint8Array => {
    at += length;
    return Uint8Array.from(bytes.subarray(at - length, at));
  };
  const byte = (): number => take(1)[0] ?? 0;
  const number = (): number => take(4).reduce((sum, digit) => sum * 256 + digit, 0);
  const state = { counter: number(), cplc: take(42), triesLeft: byte() };
  const isPersonalised = byte() === 1;
  const keys = {
    privateKey: take(32),
    publicKey: take(65),
    authorisationKey: take(65),
    pinSalt: take(16),
    pinHash: take(32),
  };
  const puk = version === VERSION_WITHOUT_PUK ? null : decodePuk(take(PUK_LENGTH));
  const personalisation: Personalisation = { ...keys, puk };
  const records = Array.from({ length: CAPACITY }, (): ChipRecord | null => {
    const isUsed = byte() === 1;
    const recordId = take(32);
    const record = { recordId, address: take(20), secret: take(32), releaseCount: number() };
    return isUsed ? record : null;
  });
  return { ...state, personalisation: isPersonalised ? personalisation : null, records };
}

function decodePuk(bytes: Uint8Array): Puk | null {
  const [isSet = 0, triesLeft = 0] = bytes;
  return isSet === 1 ? { triesLeft, salt: bytes.slice(2, 18), hash: bytes.slice(18) } : null;
}

/** Slots in use. */
export function usedSlots(state: ChipState): number {
  return state.records.filter((record) => record !== null).length;
}

/** Wipes the secrets of a state that is no longer used. */
export function wipeState(state: ChipState): void {
  state.personalisation?.privateKey.fill(0);
  state.personalisation?.pinHash.fill(0);
  state.personalisation?.puk?.hash.fill(0);
  for (const record of state.records) record?.secret.fill(0);
}
