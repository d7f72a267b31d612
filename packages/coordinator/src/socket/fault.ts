/** Chooses the code that tells a client about a fault of the server. */
import { CLOSE, type ErrorCode } from '@quorate/wire';
import { isStoreUnavailable } from '../store/database.ts';

/** A code, and how the socket is closed if it has to be. */
export interface Fault {
  readonly code: ErrorCode;
  readonly close: number;
}

/** A store that fails passes, a defect does not: the client may know which it is. */
export function faultOf(error: unknown): Fault {
  return isStoreUnavailable(error)
    ? { code: 'store_unavailable', close: CLOSE.storeUnavailable }
    : { code: 'internal', close: CLOSE.internal };
}
