/**
 * Threshold ECDSA without I/O: messages in, messages out, one outcome; randomness is injected. This entry
 * is the ground of all protocols; each protocol is an entry of its own, `@quorate/tss/dkls23` for t of n
 * parties and `@quorate/tss/lindell17` for two.
 *
 * @module
 */
export { backend } from '#backend';
export { type DerivedKey, derivePublic, HARDENED, MAX_DEPTH } from './bip32.ts';
export { ethereumAddress } from './ethereum.ts';
export { isPrimePair, type PrimePair, type PrimePool } from './primes.ts';
export { type Rng, systemRng } from './rng.ts';
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
export type { Outcome } from './round/outcome.ts';
export type { Receipt, Session } from './round/session.ts';
export { deriveSessionId } from './sessionId.ts';
export type { Signature } from './signature.ts';
export type { ModulusBits } from './zk/parameters.ts';
