import { INS } from './apdu.ts';
import type { SecureElementErrorCode } from './errors.ts';

/** Status words. docs/spec/chip.md §4. */
export const SW = {
  ok: 0x9000,
  authorisationRefused: 0x6300,
  /** Low 4 bits: tries left. */
  pinWrong: 0x63c0,
  memoryFailure: 0x6581,
  wrongLength: 0x6700,
  pinRequired: 0x6982,
  pinBlocked: 0x6983,
  challengeUnknown: 0x6984,
  conditions: 0x6985,
  wrongData: 0x6a80,
  contactOnly: 0x6a81,
  fileNotFound: 0x6a82,
  full: 0x6a84,
  wrongParameters: 0x6a86,
  recordNotFound: 0x6a88,
  recordExists: 0x6a89,
  /** Low byte: the length of the command's answer. */
  wrongLe: 0x6c00,
  unknownInstruction: 0x6d00,
  unknownClass: 0x6e00,
  failure: 0x6f00,
} as const;

/** GET INFO's tries for a token that reveals only that some are used; its last 4 bits are those of 63Cx. */
export const TRIES_FEWER = 0xfe;
/** GET INFO's tries for a token that reveals nothing. */
export const TRIES_UNTOLD = 0xff;

const CODES: ReadonlyMap<number, SecureElementErrorCode> = new Map([
  [SW.authorisationRefused, 'authorisation-refused'],
  [SW.memoryFailure, 'memory-failure'],
  [SW.wrongLength, 'wrong-length'],
  [SW.pinRequired, 'pin-required'],
  [SW.pinBlocked, 'pin-blocked'],
  [SW.challengeUnknown, 'challenge-unknown'],
  [SW.wrongData, 'invalid-data'],
  [SW.contactOnly, 'contact-only'],
  [SW.fileNotFound, 'not-supported'],
  [SW.full, 'full'],
  [SW.wrongParameters, 'not-supported'],
  [SW.recordNotFound, 'record-not-found'],
  [SW.recordExists, 'record-exists'],
  [SW.unknownInstruction, 'not-supported'],
  [SW.unknownClass, 'not-supported'],
]);

/** Words with another meaning for UNBLOCK. */
const UNBLOCK_CODES: ReadonlyMap<number, SecureElementErrorCode> = new Map([
  [SW.pinBlocked, 'puk-blocked'],
  [SW.conditions, 'pin-not-blocked'],
  [SW.unknownInstruction, 'no-puk'],
]);

/** The meaning of a status word as the answer to an instruction. */
export function codeOf(statusWord: number, ins: number): SecureElementErrorCode {
  if ((statusWord & 0xfff0) === SW.pinWrong) {
    return ins === INS.unblock ? 'puk-wrong' : 'pin-wrong';
  }
  const ofUnblock = ins === INS.unblock ? UNBLOCK_CODES.get(statusWord) : undefined;
  if (ofUnblock !== undefined) return ofUnblock;
  if (statusWord === SW.conditions) {
    if (ins === INS.read || ins === INS.delete) return 'session-unknown';
    return ins === INS.personalise ? 'already-personalised' : 'not-personalised';
  }
  return CODES.get(statusWord) ?? 'chip-failure';
}

/** A status word as the two bytes at the end of an answer. */
export function statusBytes(statusWord: number): Uint8Array {
  return Uint8Array.of(statusWord >> 8, statusWord & 0xff);
}
