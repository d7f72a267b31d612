/** The bytes of the data objects on a token. docs/spec/chip.md §6.4. */
import { createHash } from 'node:crypto';
import { concat, equalBytes, u32 } from '@quorate/intent';
import { CAPACITY } from '../card/card.ts';

const FORMAT = 1;
/** Of AES-GCM, in bytes. */
export const NONCE_LENGTH = 12;
/** Of AES-GCM, in bytes. */
export const TAG_LENGTH = 16;
const SECRET_LENGTH = 32;
const RECORD_HEAD = 1 + 1 + 4 + 4 + 32 + 20;
const STATE_HEAD = 1 + 4 + 1 + 65 + 1;
/** Of the SHA-256 of a record's bytes, in the state's list. */
const DIGEST_LENGTH = 16;
const ENTRY_LENGTH = 1 + DIGEST_LENGTH;
const AUTHORISATION_KEY_LENGTH = 65;
const RECORD_LABEL = Buffer.from('quorate-se/v1/token-record', 'utf8');
const STATE_LABEL = Buffer.from('quorate-se/v1/token-state', 'utf8');

/** Bit of a state's `refused`: the chip's key is in its CPLC. */
export const KEY_IN_CPLC = 4;

/** A result of AES-GCM. */
export interface Sealed {
  /** 12 bytes */
  readonly nonce: Uint8Array;
  /** Ciphertext and tag. */
  readonly body: Uint8Array;
}

/** The plain part of a record object; the seal covers every field. */
export interface RecordHead {
  readonly slot: number;
  /** State counter of the write that made this object. */
  readonly counter: number;
  readonly releaseCount: number;
  /** 32 bytes */
  readonly recordId: Uint8Array;
  /** 20 bytes */
  readonly address: Uint8Array;
}

/** The plain part of the state object; the seal covers every field. */
export interface StateHead {
  readonly counter: number;
  /** Bits 0 and 1: optional protections that the token refused for its keys. Bit 2: {@link KEY_IN_CPLC}. */
  readonly refused: number;
  /** 65 bytes */
  readonly chipKey: Uint8Array;
  /** Slot to the first 16 bytes of SHA-256 of the record object's value. */
  readonly records: ReadonlyMap<number, Uint8Array>;
}

/** Format(1) ‖ slot(1) ‖ counter(4) ‖ release count(4) ‖ record id(32) ‖ address(20). */
export function encodeRecordHead(head: RecordHead): Uint8Array {
  const { slot, counter, releaseCount, recordId, address } = head;
  return concat(Uint8Array.of(FORMAT, slot), u32(counter), u32(releaseCount), recordId, address);
}

/** Associated data of a record's seal, besides its head: the label, and the record's chip. */
export function recordAssociatedData(chipKey: Uint8Array, head: RecordHead): Uint8Array {
  return concat(RECORD_LABEL, chipKey, encodeRecordHead(head));
}

/** Null if the bytes are no record. */
export function decodeRecord(
  bytes: Uint8Array,
): { readonly head: RecordHead; readonly sealed: Sealed } | null {
  const length = RECORD_HEAD + NONCE_LENGTH + SECRET_LENGTH + TAG_LENGTH;
  const slot = bytes[1] ?? CAPACITY;
  if (bytes.length !== length || bytes[0] !== FORMAT || slot >= CAPACITY) return null;
  const head = {
    slot,
    counter: number32(bytes, 2),
    releaseCount: number32(bytes, 6),
    recordId: bytes.slice(10, 42),
    address: bytes.slice(42, RECORD_HEAD),
  };
  return { head, sealed: decodeSealed(bytes.subarray(RECORD_HEAD)) };
}

/** Format(1) ‖ counter(4) ‖ refused(1) ‖ chip key(65) ‖ number(1) ‖ number × (slot(1) ‖ digest(16)), slots rising. */
export function encodeStateHead(state: StateHead): Uint8Array {
  const slots = [...state.records].toSorted(([a], [b]) => a - b);
  return concat(
    Uint8Array.of(FORMAT),
    u32(state.counter),
    Uint8Array.of(state.refused),
    state.chipKey,
    Uint8Array.of(slots.length),
    ...slots.map(([slot, digest]) => concat(Uint8Array.of(slot), digest)),
  );
}

/** Associated data of the state's seal. */
export function stateAssociatedData(state: StateHead): Uint8Array {
  return concat(STATE_LABEL, encodeStateHead(state));
}

/** Null if the bytes are no state, or differ from the encoding of {@link encodeStateHead}. */
export function decodeStateObject(
  bytes: Uint8Array,
): { readonly head: StateHead; readonly sealed: Sealed } | null {
  const count = bytes[STATE_HEAD - 1] ?? 0;
  const headLength = STATE_HEAD + count * ENTRY_LENGTH;
  const length = headLength + NONCE_LENGTH + AUTHORISATION_KEY_LENGTH + TAG_LENGTH;
  if (bytes.length !== length || bytes[0] !== FORMAT) return null;
  const records = new Map<number, Uint8Array>();
  for (let at = STATE_HEAD; at < headLength; at += ENTRY_LENGTH) {
    records.set(bytes[at] ?? 0, bytes.slice(at + 1, at + ENTRY_LENGTH));
  }
  const head = {
    counter: number32(bytes, 1),
    refused: bytes[5] ?? 0,
    chipKey: bytes.slice(6, STATE_HEAD - 1),
    records,
  };
  const isCanonical = equalBytes(encodeStateHead(head), bytes.subarray(0, headLength));
  return isCanonical ? { head, sealed: decodeSealed(bytes.subarray(headLength)) } : null;
}

/** The digest of a record object in the state's list. */
export function recordDigest(value: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(value).digest().subarray(0, DIGEST_LENGTH));
}

function decodeSealed(bytes: Uint8Array): Sealed {
  return { nonce: bytes.slice(0, NONCE_LENGTH), body: bytes.slice(NONCE_LENGTH) };
}

function number32(bytes: Uint8Array, at: number): number {
  return bytes.subarray(at, at + 4).reduce((sum, byte) => sum * 256 + byte, 0);
}
