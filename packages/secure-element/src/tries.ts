/** Tries of a PIN and a PUK: how many are left, and whether the last one may be used. docs/spec/chip.md §4. */
import { SecureElementError, type SecureElementErrorCode } from './errors.ts';
import { TRIES_FEWER } from './status.ts';

/** A number of tries; `fewer` if a token reveals only that some are used, null if it reveals nothing. */
export type TriesLeft = number | 'fewer' | null;

/** Bytes of GET INFO's answer. */
export const INFO_LENGTH = 42;
const LOW_BITS = 0x0f;

/** Tries as GET INFO reports them; its answer has {@link INFO_LENGTH} bytes. */
export function triesOf(info: Uint8Array): {
  readonly pin: TriesLeft;
  /** Null without a PUK. */
  readonly puk: number | null;
} {
  const tries = info[4] ?? 0;
  const flags = info[5] ?? 0;
  const untold = tries === TRIES_FEWER ? 'fewer' : null;
  return {
    pin: tries < TRIES_FEWER ? tries : untold,
    puk: (flags & 2) === 0 ? null : (flags >> 2) & LOW_BITS,
  };
}

/** Tries left after a refusal; undefined if the chip does not reveal them. */
export function triesAfter(code: SecureElementErrorCode, statusWord: number): number | undefined {
  if (code === 'pin-blocked' || code === 'puk-blocked') return 0;
  if (code !== 'pin-wrong' && code !== 'puk-wrong') return undefined;
  const left = statusWord & LOW_BITS;
  return left < (TRIES_FEWER & LOW_BITS) ? left : undefined;
}

/** The terms of presenting a PIN or PUK. */
export interface Attempt {
  /** Allows the last try, on a person's order. Unattended programs never set it. */
  readonly lastTry?: boolean | undefined;
}

/**
 * Refuses an attempt that could be the last one; only this function decides it.
 *
 * Security: a chip whose PIN and PUK are both used up never releases its records again.
 *
 * @throws SecureElementError `last-try`
 */
export function spareLastTry(
  what: 'PIN' | 'PUK' | 'security officer’s PIN',
  triesLeft: TriesLeft,
  { lastTry = false }: Attempt = {},
): void {
  if (triesLeft !== 1 || lastTry) return;
  const message = `the ${what} has one try left and was not tried`;
  throw new SecureElementError('last-try', message, { unsent: true, triesLeft });
}
