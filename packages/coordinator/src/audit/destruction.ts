/** The certificate that a key was destroyed: one audit entry with its own signature. docs/spec/audit.md §5. */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import {
  encodeSpki,
  framed,
  fromBase64,
  fromHex,
  IntentError,
  parseAddress,
  toBase64,
  utf8,
  verifyReceipt,
} from '@quorate/intent';
import type { AuditDetails } from './event.ts';
import { canonicalJson } from './canonical.ts';
import { publicKeyHex } from './checkpoint.ts';
import type { Entry } from './entry.ts';

/** The end of one shard of a destroyed key. Byte strings are lower-case hex. */
export interface DestroyedShard {
  readonly partIndex: number;
  readonly username: string;
  readonly seId: string;
  readonly chipPublicKey: string;
  readonly recordId: string;
  /**
   * deleted: the chip signed a receipt; lost, destroyed: the chip's state in the registry; unproven: an
   * administrator closed the destruction without a receipt.
   */
  readonly outcome: 'deleted' | 'lost' | 'destroyed' | 'unproven';
  /** Of the chip's consent, and its receipt in base64; only if deleted. */
  readonly sessionHash?: string;
  readonly receipt?: string;
}

/** A destroyed key, with the proof for each shard. */
export interface Destruction {
  readonly address: string;
  readonly publicKey: string;
  readonly keyId: string;
  readonly epoch: number;
  readonly threshold: number;
  readonly totalParts: number;
  readonly sessionKey: string;
  readonly reasonHash: string;
  readonly destroyedAt: number;
  /** Who closed it before every part was accounted for, and why. */
  readonly closed?: { readonly by: string; readonly reasonHash: string };
  readonly shards: readonly DestroyedShard[];
}

/** The action of the entry that holds the certificate. */
export const DESTROYED = 'key.destroyed';

/** Stands for a missing receipt, so that all lists have one entry for each part. */
const NONE = '';

/** Signs the destruction of a key, as details of an audit entry. */
export function certifyDestruction(key: KeyObject, destruction: Destruction): AuditDetails {
  const details = detailsOf(destruction);
  const signature = sign(null, certificateBytes(publicKeyHex(key), details), key);
  return { ...details, certificate: toBase64(new Uint8Array(signature)) };
}

function detailsOf({ shards, closed, ...key }: Destruction): AuditDetails {
  return {
    address: key.address,
    public_key: key.publicKey,
    key_id: key.keyId,
    epoch: key.epoch,
    threshold: key.threshold,
    total_parts: key.totalParts,
    session_key: key.sessionKey,
    reason_hash: key.reasonHash,
    destroyed_at: key.destroyedAt,
    ...(closed === undefined ? {} : { closed_by: closed.by, close_reason_hash: closed.reasonHash }),
    part_indexes: shards.map(({ partIndex }) => String(partIndex)),
    participants: shards.map(({ username }) => username),
    se_ids: shards.map(({ seId }) => seId),
    chip_public_keys: shards.map(({ chipPublicKey }) => chipPublicKey),
    record_ids: shards.map(({ recordId }) => recordId),
    outcomes: shards.map(({ outcome }) => outcome),
    session_hashes: shards.map(({ sessionHash }) => sessionHash ?? NONE),
    receipts: shards.map(({ receipt }) => receipt ?? NONE),
  };
}

function certificateBytes(publicKey: string, details: AuditDetails): Uint8Array {
  return framed(
    'quorate/v1/audit-destruction',
    fromHex(publicKey),
    utf8(canonicalJson({ ...details })),
  );
}

/**
 * Returns what is wrong with the certificate in an entry of a log with this audit key; undefined if it is
 * valid.
 */
export function destructionProblem(
  { subject, details }: Pick<Entry, 'subject' | 'details'>,
  publicKey: string,
): string | undefined {
  const { certificate, ...signed } = details;
  try {
    if (typeof certificate !== 'string' || !isSigned(signed, certificate, publicKey)) {
      return 'it is not signed by the audit key';
    }
    return subject === signed['address'] ? receiptProblem(signed) : 'it is for another key';
  } catch (error) {
    if (error instanceof IntentError) return 'it is malformed';
    throw error;
  }
}

function isSigned(details: AuditDetails, certificate: string, publicKey: string): boolean {
  const spki = Buffer.from(encodeSpki('Ed25519', fromHex(publicKey)));
  const key = createPublicKey({ key: spki, type: 'spki', format: 'der' });
  return verify(null, certificateBytes(publicKey, details), key, fromBase64(certificate));
}

/** The possible outcomes of a part. */
const OUTCOMES: ReadonlySet<string> = new Set(['deleted', 'lost', 'destroyed', 'unproven']);

/** The parts that a certificate does not prove, because an administrator closed the destruction without them. */
export function unprovenIn({ details }: Pick<Entry, 'details'>): string[] {
  const { outcomes, participants } = details;
  if (!Array.isArray(outcomes) || !Array.isArray(participants)) return [];
  return participants.filter((_, at) => outcomes[at] === 'unproven');
}

/**
 * Requires every part, valid receipts, and fewer parts without a receipt than the threshold, unless the
 * certificate says that an administrator closed the destruction.
 */
function receiptProblem(details: Entry['details']): string | undefined {
  const list = (name: string): string[] => {
    const value = details[name];
    return Array.isArray(value) ? value : [];
  };
  const word = (name: string): string => String(details[name] ?? '');
  const outcomes = list('outcomes');
  if (outcomes.length !== details['total_parts']) return 'it does not name every part';
  const isClosed = word('closed_by') !== '';
  let left = 0;
  for (const [at, outcome] of outcomes.entries()) {
    if (!OUTCOMES.has(outcome)) return `it says ${outcome} of part ${at + 1}`;
    if (outcome === 'unproven' && !isClosed)
      return `nobody closed it, and part ${at + 1} is unproven`;
    if (outcome !== 'deleted') {
      left += 1;
      continue;
    }
    const hexAt = (name: string): Uint8Array => fromHex(list(name)[at] ?? '');
    const record = {
      sessionKey: word('session_key'),
      partIndex: at + 1,
      sessionHash: hexAt('session_hashes'),
      keyId: fromHex(word('key_id')),
      epoch: Number(details['epoch']),
      recordId: hexAt('record_ids'),
      address: parseAddress(word('address')),
      reasonHash: fromHex(word('reason_hash')),
    };
    if (!verifyReceipt(list('receipts')[at] ?? '', record, hexAt('chip_public_keys'))) {
      return `the receipt of part ${at + 1} does not verify`;
    }
  }
  const proves = isClosed || left < Number(details['threshold']);
  return proves ? undefined : 'too many parts have no receipt';
}
