/**
 * Orphans: records that chips hold of failed key generations (docs/spec/wire.md §9). The server notes each
 * one, tells its holder at every register, and authorises the chip to delete it.
 */
import { fromBase64, fromHex, parseAddress, utf8 } from '@quorate/intent';
import type { OrphanNotice, OrphanResponse, OrphanResult } from '@quorate/wire';
import { createHash } from 'node:crypto';
import {
  deleteOrphan,
  findOrphan,
  insertOrphan,
  isLiveRecord,
  type Orphan,
  orphansOf,
} from '../keys/index.ts';
import type { AuditEvent } from '../audit/index.ts';
import type { Chips } from '../chips/index.ts';
import type { Tx } from '../store/database.ts';
import { verifyFor } from './certificate.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { FailureCode, Party, StoredRecord } from './types.ts';

/** A record of a failed session on the chip of a party. */
export interface Leftover {
  readonly sessionKey: string;
  readonly party: Party;
  readonly record: StoredRecord;
  /** Why the session failed. */
  readonly reason: FailureCode;
}

/** Notes a record of a failed session; returns the notice for its holder, or undefined if there is none. */
export async function noteOrphan(
  tx: Tx,
  { sessionKey, party, record, reason }: Leftover,
  now: number,
): Promise<OrphanNotice | undefined> {
  // Security: a failed session must never cause the deletion of a record whose key exists.
  if (await isLiveRecord(tx, record.recordId)) return undefined;
  const orphan: Orphan = {
    record_id: record.recordId,
    address: record.address,
    session_key: sessionKey,
    part_index: party.index,
    username: party.username,
    se_id: party.seId,
    chip_public_key: party.chipPublicKey,
    cpic: party.cpic,
    reason,
  };
  return (await insertOrphan(tx, orphan, now)) ? noticeOf(orphan) : undefined;
}

/** The notices of all orphans of a participant. */
export async function noticesFor(tx: Tx, username: string): Promise<OrphanNotice[]> {
  return (await orphansOf(tx, username)).map(noticeOf);
}

const noticeOf = (orphan: Orphan): OrphanNotice => ({
  type: 'orphan_notice',
  session_key: orphan.session_key,
  part_index: orphan.part_index,
  record_id: orphan.record_id,
  address: orphan.address,
  reason: orphan.reason,
});

/** An answer to a participant, and the entry for the audit log. */
export interface OrphanAnswer {
  readonly message?: object;
  readonly audit: Pick<AuditEvent, 'action' | 'outcome' | 'details'>;
}

/** Authorises the chip that holds an orphan to delete it. */
export async function authoriseDeletion(
  tx: Tx,
  chips: Chips,
  sender: { readonly username: string; readonly at: number },
  response: OrphanResponse,
): Promise<OrphanAnswer | Refusal> {
  const row = await findOrphan(tx, sender.username, response);
  if (row === undefined) return refuse('orphan_unknown', 'you hold no record of that session');
  if (response.cpic.toLowerCase() !== row.cpic) {
    return refuse('chip_mismatch', `cpic is not that of the chip ${row.se_id}`);
  }
  const chip = await chips.find(tx, row.se_id);
  if (chip?.state !== 'active') return refuse('chip_unavailable', `the chip is not active`);
  const reasonHash = createHash('sha256').update(utf8(row.reason)).digest();
  const check = verifyFor(response.session_certificate, {
    operation: 'destroy',
    sessionKey: row.session_key,
    partIndex: row.part_index,
    seId: row.se_id,
    chipPublicKey: row.chip_public_key,
    intentHash: reasonHash,
    now: sender.at,
  });
  if (!check.ok) return refuse(check.code, check.details);
  const signature = chips.authorise({
    operation: 'delete',
    chipPublicKey: fromHex(row.chip_public_key),
    recordId: fromHex(row.record_id),
    address: parseAddress(row.address),
    sessionHash: fromHex(check.sessionHash),
    digest: reasonHash,
    challenge: fromBase64(response.chip_challenge),
  });
  return {
    message: {
      type: 'orphan_authorisation',
      session_key: row.session_key,
      part_index: row.part_index,
      record_id: row.record_id,
      address: row.address,
      reason_hash: reasonHash.toString('hex'),
      chip_challenge: response.chip_challenge,
      signature,
    },
    audit: { action: 'chip.delete', outcome: 'ok', details: detailsOf(row) },
  };
}

/** Removes an orphan from the store once its record is deleted. */
export async function noteDeletion(
  tx: Tx,
  username: string,
  result: OrphanResult,
): Promise<OrphanAnswer | Refusal> {
  const row = await findOrphan(tx, username, result);
  if (row === undefined) return refuse('orphan_unknown', 'you hold no record of that session');
  if (result.success) await deleteOrphan(tx, row.record_id);
  const details = { ...detailsOf(row), message: result.message };
  return {
    audit: { action: 'chip.deleted', outcome: result.success ? 'ok' : 'failed', details },
  };
}

const detailsOf = (row: Orphan): AuditEvent['details'] => ({
  record_id: row.record_id,
  address: row.address,
  se_id: row.se_id,
  part_index: row.part_index,
});
