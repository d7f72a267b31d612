/**
 * The meaning of a chip's refusals, in one place: whether it has counted, whether a new challenge helps, whether
 * the record is gone.
 */
import { SecureElementError, type SecureElementErrorCode } from '@quorate/secure-element';

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
  const refusal = refusalIn(error);
  if (refusal === undefined) return false;
  // A token that failed before it counted says so.
  if (refusal.unsent) return true;
  const word = refusal.statusWord;
  if (word === undefined) return false;
  const wrongPin = word >> 4 === 0x63c;
  const wrongLength = word >> 8 === 0x6c;
  return BEFORE_COUNT.has(word) || wrongPin || wrongLength;
}

/** A chip's refusal, also as the cause of the error that a program makes of it. */
function refusalIn(error: unknown): SecureElementError | undefined {
  if (error instanceof SecureElementError) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof SecureElementError ? cause : undefined;
}

/** The refusals of a chip that was reset since it was spoken to last. */
const AFTER_RESET: ReadonlySet<SecureElementErrorCode> = new Set([
  'pin-required',
  'session-unknown',
  'challenge-unknown',
]);

/**
 * The same refusal, whose outcome is not known: a card or token that was taken out during a READ may have counted, and
 * whoever repeats the command meets only the refusal of the chip that came back. Only for a holder that authorises its
 * releases itself: a server that sends a wrong challenge would use up the attempts of any other.
 */
export function ofUnknownOutcome(error: unknown): unknown {
  if (!(error instanceof SecureElementError) || !AFTER_RESET.has(error.code)) return error;
  return new SecureElementError(error.code, error.message, { cause: error });
}

/** Failures that a new challenge cures: a reset, a challenge that is gone, a chip that was taken out during READ. */
const RENEWABLE: ReadonlySet<string> = new Set([
  'challenge-unknown',
  'session-unknown',
  'card-removed',
]);

/** Tells whether a new attempt can help. Any other refusal is final, except a passing failure before the count. */
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
  return refusalIn(error)?.code === 'record-not-found';
}
