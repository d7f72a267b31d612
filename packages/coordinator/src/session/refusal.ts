/** Why a message was refused: a code of the wire's table and what was expected. Changes nothing. */
import type { ErrorCode } from '@quorate/wire';

/** A refusal, before it is worded. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly details: string;
}

/** Makes a refusal. `details` says what was expected and what came; never a secret. */
export function refuse(code: ErrorCode, details: string): Refusal {
  return { code, details };
}
