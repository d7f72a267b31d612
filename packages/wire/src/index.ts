/**
 * Every message, REST schema and error code of Quorate. Nothing here does I/O.
 */
export { clockDoubt, dateOf } from './dates.ts';
export {
  CODES,
  codeText,
  type ErrorCode,
  type FinalCode,
  isErrorCode,
  isFinalCode,
  type Language,
  participantCode,
} from './codes.ts';
export type { CodeEntry } from './codes/entry.ts';
export { addressGroup } from './addressGroup.ts';
export { asyncapi } from './documents/asyncapi.ts';
export {
  type AddressRules,
  ConnectionLimiter,
  type ConnectionLimits,
} from './connectionLimiter.ts';
export { codesOf, openapi } from './documents/openapi.ts';
export { type Dialect, type JsonObject, jsonSchemas } from './documents/schemas.ts';
export {
  Address,
  Algorithm,
  ChipChallenge,
  ChipId,
  ChipPublicKey,
  Cpic,
  DerSignature,
  Digest,
  EncryptedShard,
  Hash,
  KeyName,
  PartIndex,
  Participants,
  PartyName,
  Peer,
  PublicKey,
  SessionCertificate,
  SessionKey,
  Signature,
  SignPayload,
  Time,
  Username,
} from './fields.ts';
export {
  FEATURES,
  FEATURES_HEADER,
  type Feature,
  featuresOf,
  TIME_HEADER,
  timeOf,
} from './features.ts';
export {
  type FrameError,
  type FrameOptions,
  type ParsedFrame,
  parseFrame,
} from './frame.ts';
export { inLanguage, type Said } from './expectations.ts';
export { readAnswer } from './answer.ts';
export { describeIssues } from './issues.ts';
export { DEADLINES, LIMITS, roundBodyLimit } from './limits.ts';
export {
  ChipAuthorisation,
  ChipChallengeMessage,
  OrphanAuthorisation,
  OrphanNotice,
  OrphanResponse,
  OrphanResult,
} from './messages/chip.ts';
export {
  type AcceptOf,
  CEREMONIES,
  type CompleteOf,
  type DeclineOf,
  type FailureOf,
  type InviteOf,
  isKind,
  isPart,
  isPartOf,
  kindOf,
  type Kind,
  KINDS,
  type MessageOf,
  type ParamsOf,
  partOf,
  type RequestOf,
  type ResponseOf,
  type ResultOf,
  schemaFor,
  type SuccessOf,
} from './ceremonies/index.ts';
export {
  type CeremonyShape,
  type CommonAccept,
  type CommonComplete,
  type CommonDecline,
  type CommonInvite,
  type CommonParams,
  type CommonRequest,
  type CommonResult,
  type Part,
  PARTS,
  type PartType,
} from './ceremonies/shape.ts';
export { ClientMessage, ServerMessage } from './messages/index.ts';
export {
  KeygenAccept,
  KeygenComplete,
  KeygenDecline,
  KeygenFailure,
  KeygenInvite,
  KeygenParams,
  KeygenRequest,
  KeygenResponse,
  KeygenResult,
  KeygenSuccess,
} from './ceremonies/keygen.ts';
export {
  AbsentHolder,
  DestroyAccept,
  DestroyComplete,
  DestroyDecline,
  DestroyedPart,
  DestroyFailure,
  DestroyInvite,
  DestroyParams,
  DestroyRequest,
  DestroyResponse,
  DestroyResult,
  DestroySuccess,
} from './ceremonies/destroy.ts';
export { ClientAck, Register, RegisterComplete, ServerAck } from './messages/link.ts';
export {
  Abort,
  Claim,
  ClientRound,
  Evidence,
  RoundProblem,
  RoundProblemReason,
  ServerRound,
} from './messages/round.ts';
export {
  SignAccept,
  SignComplete,
  SignDecline,
  SignFailure,
  SignInvite,
  SignParams,
  SignRequest,
  SignResponse,
  SignResult,
  SignSuccess,
} from './ceremonies/sign.ts';
export {
  CancelRequest,
  CloseRequest,
  ErrorMessage,
  SessionState,
  SessionStateName,
  WaitingFor,
} from './messages/status.ts';
export {
  CLOSE,
  type ErrorOptions,
  endingOf,
  errorMessage,
  safeText,
  type TextName,
  textOf,
} from './texts.ts';
export {
  describeJsonProblem,
  type JsonLimits,
  type JsonProblem,
  type ParsedJson,
  parseJson,
} from './strictJson.ts';
export { type SecretFile, secretInFile } from './secretFile.ts';
export { keysOf } from './keysOf.ts';
export { nearest } from './nearest.ts';
export { describeFileProblem, systemCode, systemReason } from './systemError.ts';
export { type UnreadableRequest, unreadableRequest } from './unreadable.ts';
export { yamlProblem } from './yamlBounds.ts';
export { bounded, isCleanText, isPlainName, matching } from './strings.ts';
export { VERSION } from './version.ts';
export * from './rest/index.ts';
export type { AnswerOf, PartsOf } from './routeParts.ts';
export * from './cosigner/index.ts';
