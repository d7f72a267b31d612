/**
 * Errors of the two-party server: those that a caller gets with a code of the wire's table, and those of this
 * machine's own configuration and store.
 */
import { COSIGNER_CODES, type CosignerCode } from '@quorate/wire';

/** A refusal with a stable code: a REST answer, or the end of a session. */
export class CosignerError extends Error {
  override readonly name = 'CosignerError';
  readonly code: CosignerCode;

  constructor(code: CosignerCode, detail?: string, cause?: unknown) {
    super(detail ?? COSIGNER_CODES[code].en, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Codes of {@link SetupError}. */
export type SetupErrorCode =
  | 'chip/blocked'
  | 'chip/foreign'
  | 'chip/last-try'
  | 'chip/missing'
  | 'chip/wrong-passphrase'
  | 'chip/wrong-pin'
  | 'config/invalid'
  | 'config/missing'
  | 'config/unknown-key'
  | 'store/exists'
  | 'store/newer-version'
  | 'store/older-version'
  | 'store/not-found'
  | 'store/tampered'
  | 'store/wrong-role';

/** Why a server cannot start; `code` is stable, the message is for its operator. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
  readonly code: SetupErrorCode;

  constructor(code: SetupErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
