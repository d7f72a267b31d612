/** Session certificates: a chip binds a session's ephemeral keys to the intent (docs/spec/intent.md §2). */
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, exactly, fromBase64, toBigInt, u16, u64, utf8 } from './bytes.ts';
import { sessionMessage } from './chip.ts';
import { decodeDer } from './der.ts';
import { checkEd25519PublicKey, checkX25519PublicKey } from './ephemeralKeys.ts';
import { IntentError } from './errors.ts';
import { hashFramed } from './framed.ts';
import { LABELS } from './label.ts';
import { verifyP256 } from './p256.ts';

/** The purpose of a session; the byte is the first of the payload. */
export const OPERATION = {
  keygen: 1,
  sign: 2,
  refresh: 3,
  destroy: 4,
  reshare: 5,
  replace: 6,
} as const;

/** The name of the act that a chip certifies: a kind of ceremony, or the replacement of a chip. */
export type Operation = keyof typeof OPERATION;

/** Ceremonies whose parties communicate under the certified keys; the others have no such keys. */
const WITH_ROUNDS: ReadonlySet<Operation> = new Set(['keygen', 'sign', 'refresh', 'reshare']);

/** Bytes of a certificate's payload; the DER signature follows. */
export const CERTIFICATE_PAYLOAD_LENGTH = 171;

/** The fields that a certificate binds together. */
export interface CertificateFields {
  readonly operation: Operation;
  /** 32 bytes, SHA-256 of the session key */
  readonly sessionKeyHash: Uint8Array;
  readonly partIndex: number;
  /** 32 bytes */
  readonly nonce: Uint8Array;
  /** 32 bytes, ephemeral encryption key */
  readonly x25519: Uint8Array;
  /** 32 bytes, ephemeral signing key */
  readonly ed25519: Uint8Array;
  /** 32 bytes */
  readonly intentHash: Uint8Array;
  /** milliseconds since 1970 */
  readonly notAfter: number;
}

/** A decoded certificate, not verified yet. */
export interface Certificate extends CertificateFields {
  /** The whole certificate: payload ‖ DER. */
  readonly bytes: Uint8Array;
  /** 171 bytes */
  readonly payloadBytes: Uint8Array;
  readonly der: Uint8Array;
}

/** The 171 bytes for a chip to sign. @throws IntentError for a field out of range */
export function encodeCertificatePayload(
  fields: Omit<CertificateFields, 'sessionKeyHash'> & { readonly sessionKey: string },
): Uint8Array {
  return concat(
    Uint8Array.of(OPERATION[fields.operation]),
    sha256(utf8(fields.sessionKey)),
    u16(fields.partIndex),
    exactly('nonce', fields.nonce, 32),
    exactly('X25519 key', fields.x25519, 32),
    exactly('Ed25519 key', fields.ed25519, 32),
    exactly('intent hash', fields.intentHash, 32),
    u64(fields.notAfter),
  );
}

/**
 * Decodes a certificate (bytes, or the base64 of the wire). If rounds follow, checks its ephemeral keys.
 *
 * @throws IntentError `intent/certificate`, `intent/public-key`, `intent/signature`, `intent/base64`
 */
export function decodeCertificate(certificate: Uint8Array | string): Certificate {
  const decoded = reopenCertificate(certificate);
  if (WITH_ROUNDS.has(decoded.operation)) {
    checkX25519PublicKey(decoded.x25519);
    checkEd25519PublicKey(decoded.ed25519);
  }
  return decoded;
}

/**
 * Decodes a certificate that {@link decodeCertificate} accepted on arrival: its keys are not checked again,
 * because that costs most.
 *
 * @throws IntentError `intent/certificate`, `intent/signature`, `intent/base64`
 */
export function reopenCertificate(certificate: Uint8Array | string): Certificate {
  const bytes =
    typeof certificate === 'string' ? fromBase64(certificate) : Uint8Array.from(certificate);
  const payloadBytes = bytes.subarray(0, CERTIFICATE_PAYLOAD_LENGTH);
  const der = bytes.subarray(CERTIFICATE_PAYLOAD_LENGTH);
  if (payloadBytes.length !== CERTIFICATE_PAYLOAD_LENGTH) {
    throw new IntentError('intent/certificate', 'a payload of 171 bytes and a signature');
  }
  decodeDer(der);
  return { ...decodePayload(payloadBytes), bytes, payloadBytes, der };
}

function decodePayload(payload: Uint8Array): CertificateFields {
  const notAfter = Number(toBigInt(payload.subarray(163, 171)));
  if (!Number.isSafeInteger(notAfter)) {
    throw new IntentError('intent/certificate', 'a time before the year 287396');
  }
  const partIndex = Number(toBigInt(payload.subarray(33, 35)));
  if (partIndex === 0) throw new IntentError('intent/certificate', 'a part index from 1');
  const operation = operationOf(payload[0]);
  return {
    operation,
    sessionKeyHash: payload.subarray(1, 33),
    partIndex,
    nonce: payload.subarray(35, 67),
    x25519: payload.subarray(67, 99),
    ed25519: payload.subarray(99, 131),
    intentHash: payload.subarray(131, 163),
    notAfter,
  };
}

const BY_BYTE: ReadonlyMap<number | undefined, Operation> = new Map(
  Object.entries(OPERATION).flatMap(([name, byte]) =>
    isOperation(name) ? [[byte, name] as const] : [],
  ),
);

function isOperation(name: string): name is Operation {
  return Object.hasOwn(OPERATION, name);
}

function operationOf(byte: number | undefined): Operation {
  const operation = BY_BYTE.get(byte);
  if (operation === undefined) {
    throw new IntentError('intent/certificate', `an operation byte of 1 to ${BY_BYTE.size}`);
  }
  return operation;
}

/** Whether the chip with this public key (65 bytes) signed a well-formed certificate. */
export function verifyCertificate(
  certificate: Uint8Array | string,
  chipPublicKey: Uint8Array,
): boolean {
  try {
    return isSignedBy(decodeCertificate(certificate), chipPublicKey);
  } catch (error) {
    if (error instanceof IntentError) return false;
    throw error;
  }
}

/**
 * Whether the chip with this public key signed a decoded certificate; a key of another length verifies
 * nothing.
 */
export function isSignedBy(
  { payloadBytes, der }: Pick<Certificate, 'payloadBytes' | 'der'>,
  chipPublicKey: Uint8Array,
): boolean {
  if (chipPublicKey.length !== 65) return false;
  return verifyP256(chipPublicKey, sessionMessage(chipPublicKey, payloadBytes), der);
}

/** SHA-256 of one whole certificate; the session id is derived from these, in index order. */
export function certificateHash(certificate: Uint8Array | string): Uint8Array {
  return sha256(typeof certificate === 'string' ? fromBase64(certificate) : certificate);
}

/** {@link certificateHash} of several certificates, given in index order. */
export function certificateHashes(certificates: readonly (Uint8Array | string)[]): Uint8Array[] {
  return certificates.map(certificateHash);
}

/**
 * The session id that all parties of a session derive, 32 bytes: from the key, null at its generation, and
 * from every party's whole certificate in index order (docs/spec/intent.md §2).
 *
 * Yields the same bytes as `deriveSessionId` of `@quorate/tss`, for programs that must not contain the
 * protocol.
 */
export function deriveSessionId(
  keyId: Uint8Array | null,
  certificates: readonly (Uint8Array | string)[],
): Uint8Array {
  const key =
    keyId === null ? Uint8Array.of(0) : concat(Uint8Array.of(1), exactly('key id', keyId, 32));
  return hashFramed(
    LABELS.sessionId,
    key,
    u16(certificates.length),
    ...certificateHashes(certificates),
  );
}
