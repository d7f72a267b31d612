/**
 * The session of two parties (docs/spec/cosigner.md): what they mean by it, its messages, and how it ends. Pure; runs
 * in Node and in browsers.
 *
 * @module
 */
export { type End, farewellOf, shownEnd, unknownOutcome } from './ending.ts';
export { decodeMail, encodeMail, isQuestion } from './mail.ts';
export { hex0x, type SignableMessage, signable } from './message.ts';
export { firstStep, isExpected, isJudged, isResult, messageOfRound } from './messages.ts';
export { toldCode } from './told.ts';
