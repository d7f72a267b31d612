/**
 * The session of two parties as a pure reducer (docs/spec/cosigner.md, "How a session is cut"): what both mean by it, its
 * messages, its phases, and how it ends. Runs in Node and in browsers.
 *
 * @module
 */
export { open } from './agreement.ts';
export {
  type Certified,
  checkCertificate,
  intentOf,
  type PeerKeys,
  type Prepared,
} from './certificates.ts';
export {
  type Deed,
  type Effect,
  isDeed,
  isWork,
  type PartClock,
  type Work,
} from './effects.ts';
export {
  type AnswerEvent,
  decodePartner,
  type Event,
  type Happening,
  type ThreadEvent,
} from './events.ts';
export { lockCode } from './lock.ts';
export { decodeMail, encodeMail, isQuestion, type Mail } from './mail.ts';
export { hex0x, type SignableMessage, signable } from './message.ts';
export { type Frame, isExpected } from './messages.ts';
export { reduce } from './reduce.ts';
export type { Refusal } from './refusal.ts';
export { signatureIn } from './signature.ts';
export { type Asked, type Change, isLiving, type State } from './state.ts';
export type { Facts, Holder, KeyFacts, Meaning, Terms } from './terms.ts';
export { toldCode } from './told.ts';
export type { Verdict } from './verdict.ts';
