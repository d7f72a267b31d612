/**
 * Threshold ECDSA: t of n parties sign together, no key is ever in one place. Pure and synchronous:
 * messages in, messages out; randomness is injected, nothing is read, written, timed or logged.
 *
 * @module
 */
export { backend } from '#backend';
export { type DerivedKey, derivePublic, HARDENED, MAX_DEPTH } from './bip32.ts';
export { keygen } from './dkls23/keygen.ts';
export {
  type KeygenParameters,
  MAX_PARTIES,
  type SignParameters,
} from './dkls23/parameters.ts';
export { sign } from './dkls23/sign.ts';
export type { Signature } from './signature.ts';
export { ethereumAddress } from './ethereum.ts';
export { Keyshare, type KeyshareFields } from './dkls23/keyshare.ts';
export { twoPartyKeygen } from './lindell17/keygen.ts';
export { TwoPartyKeyshare, type TwoPartyKeyshareFields } from './lindell17/keyshare.ts';
export {
  type KeyLock,
  lockAfter,
  lockAfterRefresh,
  MAX_REOPENINGS,
  NO_LOCK,
} from './lindell17/lock.ts';
export {
  SETUP_MESSAGES,
  SIGN_MESSAGES,
  type TwoPartyMessage,
  type TwoPartyMessageType,
} from './lindell17/messages.ts';
export { prepareTwoPartySign, type TwoPartyNonce } from './lindell17/nonce.ts';
export type {
  TwoPartyKeygenParameters,
  TwoPartyPrimes,
  TwoPartyRefreshParameters,
  TwoPartySignParameters,
} from './lindell17/parameters.ts';
export type { TwoPartyRole } from './lindell17/party.ts';
export { twoPartyRefresh } from './lindell17/refresh.ts';
export { twoPartySign } from './lindell17/sign.ts';
export { isPrimePair, type PrimePair, type PrimePool } from './primes.ts';
export { type Rng, systemRng } from './rng.ts';
export { deriveSessionId } from './sessionId.ts';
export {
  AbortError,
  type AbortReason,
  ABORT_REASONS,
  DecodeError,
  InputError,
  isAbort,
  type KeyUnsafe,
  TssError,
} from './round/errors.ts';
export type { Message } from './round/mailbox.ts';
export type { Outcome, Receipt, Session } from './round/session.ts';
export type { ModulusBits } from './zk/parameters.ts';
