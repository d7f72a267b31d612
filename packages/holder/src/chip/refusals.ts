/**
 * The meaning of a chip's refusals, in one place: whether it has counted, whether a new challenge helps, whether
 * the record is gone.
 */
import { SecureElementError } from '@quorate/secure-element';

/**
 * Refusals that come before the chip raises its count (docs/spec/chip.md §3.6, §4): form, PIN,
 * challenge, session, record, authorisation. Any other word, 6581 and 6F00 among them, and no answer
 * at all leave it open whether the chip has counted.
 */
const BEFORE_COUNT: ReadonlySet<number> = new Set([
  0x6300, 0x6700, 0x6982, 0x6983, 0x6984, 0x6985, 0x6a86, 0x6a88, 0x6d00, 0x6e00,
]);

/** Whether the chip refused before it raised its release count, or was not asked at all. */
export function isBeforeCount(error: unknown): boolean {
  if (!(error instanceof SecureElementError)) return false;
  if (error.unsent) return true;
  if (error.statusWord === undefined) return false;
  const word = error.statusWord;
  const wrongPin = word >> 4 === 0x63c;
  const wrongLength = word >> 8 === 0x6c;
  return BEFORE_COUNT.has(word) || wrongPin || wrongLength;
}

/** Failures that a new challenge cures: a reset, a challenge that is gone, a chip that was taken out during READ. */
const RENEWABLE: ReadonlySet<string> = new Set([
  'challenge-unknown',
  'session-unknown',
  'card-removed',
]);

/** Any other refusal of the chip is final, but for a failure in passing that came before anything was counted. */
export function isRenewable(error: unknown): boolean {
  if (!(error instanceof SecureElementError)) return false;
  return RENEWABLE.has(error.code) || (error.code === 'chip-failure' && error.unsent);
}

/** Whether a reset made the chip forget the session or the challenge. */
export function isForgotten(error: unknown): boolean {
  if (!(error instanceof SecureElementError)) return false;
  return error.code === 'challenge-unknown' || error.code === 'session-unknown';
}

/** Whether a chip said that it has no such record. */
export function isAbsent(error: unknown): boolean {
  return error instanceof SecureElementError && error.code === 'record-not-found';
}
