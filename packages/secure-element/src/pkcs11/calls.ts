/** Calls of Cryptoki, and what their failures mean. */
import { StatusError } from '../card/card.ts';
import { SecureElementError } from '../errors.ts';
import { SW } from '../status.ts';
import { CKR } from './constants.ts';

const GONE: ReadonlySet<number> = new Set([
  CKR.slotIdInvalid,
  CKR.deviceRemoved,
  CKR.sessionClosed,
  CKR.sessionHandleInvalid,
  CKR.tokenNotPresent,
  CKR.tokenNotRecognised,
  CKR.cryptokiNotInitialised,
]);

/** The session is lost: token pulled out, or closed from elsewhere. What a reset clears is cleared. */
export class TokenGoneError extends Error {}

/** The code of a failed call of Cryptoki, or null for another failure. */
export function returnValue(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  if (error.name === 'Pkcs11Error' && 'code' in error && typeof error.code === 'number') {
    return error.code;
  }
  // pkcs11js leaves the errors of the calls that take a template as its binding throws them.
  const [, code] = /^CKR_\w+:(\d+)/.exec(error.message) ?? [];
  return code === undefined ? null : Number(code);
}

/** Runs a call; a lost session and a lost login become errors of their own. */
export function call<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const code = returnValue(error);
    if (code !== null && GONE.has(code)) {
      throw new TokenGoneError('the token does not answer any more', { cause: error });
    }
    if (code === CKR.userNotLoggedIn) throw new StatusError(SW.pinRequired);
    throw error;
  }
}

/** Runs a call whose failure leaves nothing to undo: the session or the login is gone already. */
export function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // As said above.
  }
}

/** A failure that says nothing of what is on the token: the session is opened anew, and the host may try again. */
export function tokenFailure(
  error: unknown,
  code: 'chip-failure' | 'memory-failure' = 'chip-failure',
): SecureElementError {
  const number = returnValue(error);
  const what = number === null ? 'failed' : `refused (${number.toString(16)})`;
  const why = error instanceof Error ? error.message : 'no reason';
  return new SecureElementError(code, `the token ${what}: ${why}; try again`, { cause: error });
}
