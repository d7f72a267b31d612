/**
 * Lindell17: two parties make an ECDSA key together, sign with it and refresh it (docs/spec/lindell17.md).
 *
 * @module
 */
export { twoPartyKeygen } from './keygen.ts';
export { TwoPartyKeyshare, type TwoPartyKeyshareFields } from './keyshare.ts';
export { type KeyLock, lockAfter, lockAfterRefresh, MAX_REOPENINGS, NO_LOCK } from './lock.ts';
export {
  SETUP_MESSAGES,
  SIGN_MESSAGES,
  type TwoPartyMessage,
  type TwoPartyMessageType,
} from './messages.ts';
export { prepareTwoPartySign, type TwoPartyNonce } from './nonce.ts';
export type {
  TwoPartyKeygenParameters,
  TwoPartyPrimes,
  TwoPartyRefreshParameters,
  TwoPartySignParameters,
} from './parameters.ts';
export type { TwoPartyRole } from './party.ts';
export { twoPartyRefresh } from './refresh.ts';
export { twoPartySign } from './sign.ts';
