/** Chooses the code that a client gets for a fault of the server. */
import { CLOSE, type ErrorCode } from '@quorate/wire';
import { isStoreUnavailable } from '../store/database.ts';

/** A code, and how the socket is closed if necessary. */
export interface Fault {
  readonly code: ErrorCode;
  readonly close: number;
}

/** Distinguishes a failing store, which recovers, from a defect, which does not. */
export function faultOf(error: unknown): Fault {
  return isStoreUnavailable(error)
    ? { code: 'store_unavailable', close: CLOSE.storeUnavailable }
    : { code: 'internal', close: CLOSE.internal };
}
