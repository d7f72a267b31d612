/** Tries of a PIN and a PUK: what chips tell of them, and whether the last one may be used. docs/spec/chip.md §4. */
import { SecureElementError, type SecureElementErrorCode } from './errors.ts';
import { TRIES_FEWER } from './status.ts';

/** A number of tries; `fewer` where a token tells only that they are not all, null where it tells nothing. */
export type TriesLeft = number | 'fewer' | null;

/** Bytes of GET INFO's answer. */
export const INFO_LENGTH = 42;
const LOW_BITS = 0x0f;

/** Tries as GET INFO tells them; its answer has {@link INFO_LENGTH} bytes. */
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

/** Tries that are left after a refusal; undefined where the chip does not tell. */
export function triesAfter(code: SecureElementErrorCode, statusWord: number): number | undefined {
  if (code === 'pin-blocked' || code === 'puk-blocked') return 0;
  if (code !== 'pin-wrong' && code !== 'puk-wrong') return undefined;
  const left = statusWord & LOW_BITS;
  return left < (TRIES_FEWER & LOW_BITS) ? left : undefined;
}

/** How a PIN or PUK is presented. */
export interface Attempt {
  /** A person wants the last try used. Programs that run alone never set it. */
  readonly lastTry?: boolean | undefined;
}

/**
 * The one place that decides it: refuses an attempt that could be the last one.
 *
 * Security: a chip whose PIN, and then whose PUK, is used up gives its records to nobody.
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
