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
  deriveSessionId,
  type KeygenParameters,
  MAX_PARTIES,
  type SignParameters,
} from './dkls23/parameters.ts';
export { sign } from './dkls23/sign.ts';
export type { Signature } from './dkls23/signature.ts';
export { ethereumAddress } from './ethereum.ts';
export { Keyshare, type KeyshareFields } from './keyshare.ts';
export { type Rng, systemRng } from './rng.ts';
export {
  AbortError,
  type AbortReason,
  ABORT_REASONS,
  DecodeError,
  InputError,
  isAbort,
  TssError,
} from './round/errors.ts';
export type { Message } from './round/mailbox.ts';
export type { Outcome, Receipt, Session } from './round/session.ts';
