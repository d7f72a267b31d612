/** Calls of Cryptoki, and the meaning of their failures. */
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

/**
 * The session is lost, because the token was pulled out or the session closed elsewhere. Everything that a
 * reset wipes is wiped.
 */
export class TokenGoneError extends Error {}

/** The code of a failed call of Cryptoki, or null for another failure. */
export function returnValue(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  if (error.name === 'Pkcs11Error' && 'code' in error && typeof error.code === 'number') {
    return error.code;
  }
  // pkcs11js passes on the errors of calls with a template as its binding throws them.
  const [, code] = /^CKR_\w+:(\d+)/.exec(error.message) ?? [];
  return code === undefined ? null : Number(code);
}

/** Runs a call; turns a lost session and a lost login into errors of their own. */
export function call<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const code = returnValue(error);
    if (code !== null && GONE.has(code)) {
      throw new TokenGoneError('the token no longer answers', { cause: error });
    }
    if (code === CKR.userNotLoggedIn) throw new StatusError(SW.pinRequired);
    throw error;
  }
}

/** Runs a call whose failure needs no cleanup: the session or the login is gone already. */
export function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // As explained above.
  }
}

/** A failure that does not concern the token's content: the session is reopened, and the host may retry. */
export function tokenFailure(
  error: unknown,
  code: 'chip-failure' | 'memory-failure' = 'chip-failure',
): SecureElementError {
  const number = returnValue(error);
  const what = number === null ? 'failed' : `refused (${number.toString(16)})`;
  const why = error instanceof Error ? error.message : 'no reason';
  return new SecureElementError(code, `the token ${what}: ${why}; try again`, { cause: error });
}
