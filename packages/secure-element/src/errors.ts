/**
 * Why a chip, or the connection to it, refused. The codes are stable; docs/spec/chip.md §4 maps status words
 * to them.
 */
export type SecureElementErrorCode =
  | 'pin-wrong'
  | 'pin-blocked'
  | 'pin-required'
  | 'pin-not-blocked'
  | 'puk-wrong'
  | 'puk-blocked'
  | 'no-puk'
  | 'so-pin-wrong'
  | 'so-pin-blocked'
  | 'last-try'
  | 'contact-only'
  | 'not-personalised'
  | 'already-personalised'
  | 'authorisation-refused'
  | 'challenge-unknown'
  | 'session-unknown'
  | 'record-not-found'
  | 'record-exists'
  | 'full'
  | 'invalid-data'
  | 'wrong-length'
  | 'not-supported'
  | 'memory-failure'
  | 'chip-failure'
  | 'invalid-response'
  | 'file-exists'
  | 'file-missing'
  | 'file-unreadable'
  | 'locked'
  | 'closed'
  | 'module-missing'
  | 'no-service'
  | 'reader-not-found'
  | 'reader-failure'
  | 'card-absent'
  | 'card-removed'
  | 'applet-missing'
  | 'unsupported-version'
  | 'wrong-chip'
  | 'ambiguous-token'
  | 'token-unsafe'
  | 'token-changed'
  | 'input';

/** Thrown by every operation of a secure element; never carries a PIN or a secret. */
export class SecureElementError extends Error {
  readonly code: SecureElementErrorCode;
  /** The chip's two status bytes, if a chip answered. */
  readonly statusWord: number | undefined;
  /** Tries left after a wrong PIN or PUK; undefined if the chip does not reveal them. */
  readonly triesLeft: number | undefined;
  /** True if the chip did nothing: the command was not sent, or failed before it changed anything. */
  readonly unsent: boolean;

  constructor(
    code: SecureElementErrorCode,
    message: string,
    details: {
      readonly statusWord?: number;
      readonly triesLeft?: number;
      readonly unsent?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'SecureElementError';
    this.code = code;
    this.statusWord = details.statusWord;
    this.triesLeft = details.triesLeft;
    this.unsent = details.unsent ?? false;
  }
}
