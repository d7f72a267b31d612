/** The bytes that the destruction of a key hashes and signs (docs/spec/destroy.md). */
import { concat, exactly, u16, u32, utf8 } from './bytes.ts';
import { encodeCertificatePayload } from './certificate.ts';
import { IntentError } from './errors.ts';
import { hashFramed } from './framed.ts';
import { judgeCertificate } from './judgeCertificate.ts';
import { LABELS } from './label.ts';

/** 32 bytes: names the reason for destroying a key in a DELETE authorisation. */
export function destroyReasonHash(reason: string): Uint8Array {
  return hashFramed(LABELS.destroyReason, utf8(reason));
}

/** 32 bytes: names the holders who destroy their shards now, by ascending index. */
export function destroyPartsHash(indexes: readonly number[]): Uint8Array {
  return hashFramed(LABELS.destroyParts, concat(...indexes.map(u16)));
}

/** One deleted record, as a receipt names it. */
export interface DeletedRecord {
  readonly sessionKey: string;
  readonly partIndex: number;
  /** 32 bytes: of the certificate with which this chip consented. */
  readonly sessionHash: Uint8Array;
  /** 32 bytes */
  readonly keyId: Uint8Array;
  readonly epoch: number;
  /** 32 bytes */
  readonly recordId: Uint8Array;
  /** 20 bytes */
  readonly address: Uint8Array;
  /** 32 bytes */
  readonly reasonHash: Uint8Array;
}

function receiptHash(record: DeletedRecord): Uint8Array {
  return hashFramed(
    LABELS.destroyReceipt,
    exactly('session hash', record.sessionHash, 32),
    exactly('key id', record.keyId, 32),
    u32(record.epoch),
    u16(record.partIndex),
    exactly('record id', record.recordId, 32),
    exactly('address', record.address, 20),
    exactly('reason hash', record.reasonHash, 32),
  );
}

/**
 * The 171 bytes that a chip signs once READ has answered that the record is gone: a payload of the operation
 * destroy whose intent is the deleted record. Its keys are zeros and it is expired when made, so that it opens
 * no session.
 */
export function encodeReceiptPayload(
  record: DeletedRecord,
  { nonce, at }: { readonly nonce: Uint8Array; readonly at: number },
): Uint8Array {
  return encodeCertificatePayload({
    operation: 'destroy',
    sessionKey: record.sessionKey,
    partIndex: record.partIndex,
    nonce,
    x25519: new Uint8Array(32),
    ed25519: new Uint8Array(32),
    intentHash: receiptHash(record),
    notAfter: at,
  });
}

/** Whether a receipt (payload ‖ DER, bytes or base64) proves the deletion of exactly this record. */
export function verifyReceipt(
  receipt: Uint8Array | string,
  record: DeletedRecord,
  chipPublicKey: Uint8Array,
): boolean {
  try {
    return judgeCertificate(receipt, {
      operation: 'destroy',
      sessionKey: record.sessionKey,
      partIndex: record.partIndex,
      chipPublicKey,
      intentHash: receiptHash(record),
      now: undefined,
    }).ok;
  } catch (error) {
    if (error instanceof IntentError) return false;
    throw error;
  }
}
