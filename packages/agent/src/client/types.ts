/**
 * What the coordinator's side of a ceremony asks for, and how it ends.
 */
import type {
  DestroyComplete,
  DestroyRequest,
  KeygenRequest,
  SessionState,
  SignRequest,
} from '@quorate/wire';

/** What the wire wants of a request, without what the client adds. */
export type KeygenOrder = Omit<KeygenRequest, 'type' | 'cseq'>;

/** What the wire wants of a request, without what the client adds. */
export type SignOrder = Omit<SignRequest, 'type' | 'cseq'>;

/** What the wire wants of a request, without what the client adds. */
export type DestroyOrder = Omit<DestroyRequest, 'type' | 'cseq'>;

/** News of a running ceremony. */
export type ProgressEvent = { readonly type: 'state'; readonly state: SessionState };

/** A key that exists. */
export interface KeygenOutcome {
  readonly sessionKey: string;
  readonly address: string;
  /** `0x` and 66 hex digits */
  readonly publicKey: string;
}

/** A signature that verifies. */
export interface SignOutcome {
  readonly sessionKey: string;
  /** `0x` and 130 hex digits */
  readonly signature: string;
}

/** A key that is destroyed, and what became of each shard. */
export interface DestroyOutcome {
  readonly sessionKey: string;
  readonly address: string;
  readonly parts: DestroyComplete['parts'];
}

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
