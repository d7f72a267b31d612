/** Every reason for which this package refuses input. The codes are stable. */
export type IntentErrorCode =
  | 'intent/hex'
  | 'intent/base64'
  | 'intent/integer'
  | 'intent/length'
  | 'intent/text'
  | 'intent/address'
  | 'intent/digest'
  | 'intent/signature'
  | 'intent/public-key'
  | 'intent/payload'
  | 'intent/typed-data'
  | 'intent/certificate'
  | 'intent/intent'
  | 'intent/roster';

/** Thrown for every refused input; names the place and the expectation, never a secret. */
export class IntentError extends Error {
  /** A stable string for the kind of refused input. */
  readonly code: IntentErrorCode;
  /** The place and the expectation, e.g. `transaction.nonce: an integer of at most 64 bits`. */
  readonly expected: string;

  constructor(code: IntentErrorCode, expected: string) {
    super(`expected ${expected}`);
    this.name = 'IntentError';
    this.code = code;
    this.expected = expected;
  }
}
