import type { ErrorCode } from '@quorate/wire';

/** The codes of the wire's table with which a request about users, tokens, chips or replacements is refused. */
export type RequestErrorCode = Extract<
  ErrorCode,
  | 'invalid_credentials'
  | 'invalid_token'
  | 'rate_limited'
  | 'setup_done'
  | 'weak_password'
  | 'user_exists'
  | 'unknown_user'
  | 'unknown_login'
  | 'unknown_token'
  | 'last_admin'
  | 'forbidden_role'
  | 'unknown_chip'
  | 'chip_conflict'
  | 'chip_state'
  | 'authority_mismatch'
  | 'invalid_challenge'
  | 'invalid_proof'
  | 'forbidden'
  | 'chip_unavailable'
  | 'chip_mismatch'
  | 'invalid_certificate'
  | 'unknown_key'
  | 'unknown_replacement'
  | 'replacement_conflict'
  | 'replacement_state'
  | 'replacement_busy'
>;

/** Thrown when a request was understood but is refused. Never carries a secret. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: RequestErrorCode;
  readonly retryAfter: number | undefined;

  /** `retryAfter` is in milliseconds. */
  constructor(code: RequestErrorCode, details: string, retryAfter?: number) {
    super(details);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}
