/** Refuses a message with a code of the wire's table and the reason. A refusal changes nothing. */
import type { ErrorCode } from '@quorate/wire';

/** Why a message was refused: code and details, not yet worded. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly details: string;
}

/** Makes a refusal. `details` names what was expected and what came; never a secret. */
export function refuse(code: ErrorCode, details: string): Refusal {
  return { code, details };
}
