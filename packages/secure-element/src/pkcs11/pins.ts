/** PINs of a token: the tries that it reveals, and the meaning of its refusals. docs/spec/chip.md §6.7. */
import { StatusError } from '../card/card.ts';
import { SecureElementError } from '../errors.ts';
import { SW, TRIES_FEWER, TRIES_UNTOLD } from '../status.ts';
import { spareLastTry, type Attempt } from '../tries.ts';
import { returnValue } from './calls.ts';
import { CKF, CKR } from './constants.ts';
import type { TokenSession } from './session.ts';

/** The tries in GET INFO: blocked, the last one, fewer than all, or unknown; a token never reveals a number. */
export function triesLeft(flags: number): number {
  if ((flags & CKF.userPinLocked) !== 0) return 0;
  if ((flags & CKF.userPinFinalTry) !== 0) return 1;
  return (flags & CKF.userPinCountLow) !== 0 ? TRIES_FEWER : TRIES_UNTOLD;
}

/** The meaning of a refused login, by the token's flags after it; null for another failure. */
export function pinStatus(error: unknown, flags: number): Error | null {
  const code = returnValue(error);
  if (code === CKR.pinLocked) return new StatusError(SW.pinBlocked);
  if (code === CKR.userPinNotInitialised) {
    return new SecureElementError(
      'not-personalised',
      'the token has no user PIN: initialise it with its own program first',
    );
  }
  const isWrong = code === CKR.pinIncorrect || isForm(code);
  return isWrong ? new StatusError(SW.pinWrong | (triesLeft(flags) & 0x0f)) : null;
}

/** The PINs with which a security officer replaces a blocked one. */
export interface NewPin extends Attempt {
  /** Secret. */
  readonly securityOfficerPin: Uint8Array;
  /** Secret. 4 to 16 bytes */
  readonly pin: Uint8Array;
}

/**
 * Lets the token's security officer set a new user PIN.
 *
 * Security: pkcs11js takes PINs as strings, which cannot be wiped.
 *
 * @throws SecureElementError `so-pin-wrong`, `so-pin-blocked`, `last-try`, `invalid-data` for a PIN that the
 * token rejects
 */
export function initPin(session: TokenSession, { securityOfficerPin, pin, lastTry }: NewPin): void {
  const flags = session.flags();
  if ((flags & CKF.soPinLocked) !== 0) throw soBlocked();
  spareLastTry('security officer’s PIN', (flags & CKF.soPinFinalTry) === 0 ? null : 1, { lastTry });
  const [officer, fresh] = [securityOfficerPin, pin].map((bytes) =>
    Buffer.from(bytes).toString('utf8'),
  );
  try {
    session.loginAsOfficer(officer ?? '');
  } catch (error) {
    const code = returnValue(error);
    if (code === CKR.pinLocked) throw soBlocked(error);
    if (code !== CKR.pinIncorrect && !isForm(code)) throw error;
    const message = 'the PIN of the token’s security officer is wrong';
    throw new SecureElementError('so-pin-wrong', message, { cause: error });
  }
  try {
    session.initPin(fresh ?? '');
  } catch (error) {
    if (!isForm(returnValue(error))) throw error;
    const message = 'the token rejects this new PIN';
    throw new SecureElementError('invalid-data', message, { cause: error });
  } finally {
    session.logout();
  }
}

function isForm(code: number | null): boolean {
  return code === CKR.pinInvalid || code === CKR.pinLenRange;
}

function soBlocked(cause?: unknown): SecureElementError {
  const message = 'the PIN of the token’s security officer is blocked';
  return new SecureElementError('so-pin-blocked', message, { cause });
}
