/** A ceremony that failed, with the coordinator's code and words. */
export class CeremonyError extends Error {
  /** The code of the coordinator's `error`, e.g. `participant_declined`. */
  readonly code: string;
  readonly details: string;
  readonly sessionKey: string;

  constructor(code: string, message: string, details: string, sessionKey: string) {
    super(details === '' || details === message ? message : `${message}: ${details}`);
    this.name = 'CeremonyError';
    this.code = code;
    this.details = details;
    this.sessionKey = sessionKey;
  }
}

/** Refuses a completion that does not prove its claim. */
export function broken(sessionKey: string, message: string): CeremonyError {
  return new CeremonyError('invalid_result', message, '', sessionKey);
}
