/**
 * The facts agreed before anything happens: canonical payloads and their digests, addresses and signatures,
 * intents, certificates, authorisations and rosters. Pure; runs in Node and in browsers.
 *
 * @module
 */
export { addressOf, formatAddress, parseAddress } from './address.ts';
export {
  concat,
  equalBytes,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
  u16,
  u32,
  u64,
  utf8,
} from './bytes.ts';
export {
  type Certificate,
  CERTIFICATE_PAYLOAD_LENGTH,
  type CertificateFields,
  certificateHash,
  certificateHashes,
  decodeCertificate,
  deriveSessionId,
  encodeCertificatePayload,
  OPERATION,
  type Operation,
  reopenCertificate,
  verifyCertificate,
} from './certificate.ts';
export {
  type Authorisation,
  AUTHORISATION_OPERATION,
  authorisationMessage,
  chipFingerprint,
  recordId,
  registrationMessage,
  rotateMessage,
  roundSigningInput,
  sessionHash,
  sessionMessage,
  shardAssociatedData,
  shortFingerprint,
  unblockMessage,
} from './chip.ts';
export { decodeDer, encodeDer } from './der.ts';
export {
  type DeletedRecord,
  destroyPartsHash,
  destroyReasonHash,
  encodeReceiptPayload,
  verifyReceipt,
} from './destroy.ts';
export {
  describePayload,
  type DescribeOptions,
  type Description,
  type DescriptionLine,
} from './describe.ts';
export { checkEd25519PublicKey, checkX25519PublicKey } from './ephemeralKeys.ts';
export { escapeForDisplay, printable, printableJson } from './display.ts';
export type { TypedData, TypedStruct, TypedValue } from './eip712/parse.ts';
export { IntentError, type IntentErrorCode } from './errors.ts';
export { framed, hashFramed } from './framed.ts';
export { encodeIntent, type Holder, type Intent, intentHash } from './intent.ts';
export {
  CERTIFICATE_TIMES,
  type CertificateProblem,
  type ExpectedCertificate,
  isCertificateExpired,
  judgeCertificate,
  type JudgedCertificate,
} from './judgeCertificate.ts';
export { keccak256 } from './keccak.ts';
export {
  decodePkcs8,
  decodeSpki,
  encodePkcs8,
  encodePublicJwk,
  encodeSpki,
  type KeyCurve,
} from './keyEncoding.ts';
export { CHIP_LABELS, LABELS } from './label.ts';
export { checkP256PublicKey, verifyP256 } from './p256.ts';
export {
  canonicalPayload,
  digestOf,
  parsePayload,
  type Payload,
  payloadHash,
  serializeSigned,
} from './payload.ts';
export {
  replacementRequestHash,
  type ReplacementStep,
  type ReplacedShard,
  replacementSessionKey,
  replacementStepHash,
  type Retirement,
} from './replacement.ts';
export {
  encodeRosterForSigning,
  parseRoster,
  type Roster,
  ROSTER_FORMAT,
  type RosterEntry,
  type SignedRoster,
  signRoster,
  verifyRoster,
} from './roster.ts';
export { sha256 } from './sha256.ts';
export {
  checkDigest,
  parseSignature,
  recoverAddress,
  type SignatureParts,
  signatureToHex,
  splitSignature,
  verifyFinalSignature,
  verifySignature,
} from './signature.ts';
export type { AccessListEntry, Eip1559Transaction, LegacyTransaction } from './transaction.ts';
