/** Keys and shards in the store. */
import { formatAddress, IntentError, parseAddress, toHex } from '@quorate/intent';
import type { Tx } from '../store/database.ts';
import { sessionIdOf } from '../session/certificate.ts';
import type { SessionState } from '../session/types.ts';

/** A key as the store has it. */
export interface KeyRecord {
  readonly address: string;
  readonly public_key: string;
  readonly key_id: string;
  readonly session_key: string;
  readonly creator: string;
  readonly threshold: number;
  readonly total_parts: number;
  readonly epoch: number;
  readonly state: 'active' | 'destroying' | 'destroyed';
  readonly created_at: number;
}

/** A shard: who holds it on which chip. The ciphertext is read only when it is sent to its holder. */
export interface ShardRecord {
  readonly part_index: number;
  readonly username: string;
  readonly se_id: string;
  readonly cpic: string;
  readonly chip_public_key: string;
  readonly record_id: string;
  /** Whether the record is known to be gone; `absent`: its chip is. */
  readonly state: 'held' | 'deleted' | 'absent';
}

/** EIP-55 of an address in any case; undefined for what is none. */
export function normalAddress(text: string): string | undefined {
  try {
    return formatAddress(parseAddress(text));
  } catch (error) {
    if (error instanceof IntentError) return undefined;
    throw error;
  }
}

/** Stores a completed key generation: the key and all its shards, in the caller's transaction. */
export async function createKey(tx: Tx, state: SessionState): Promise<void> {
  const { outcome } = state;
  const keyId = sessionIdOf(state);
  if (outcome?.success !== true || outcome.publicKey === undefined || keyId === undefined) {
    throw new Error('a key without an outcome');
  }
  await tx.run(
    `INSERT INTO key_records (address, public_key, key_id, session_key, creator, threshold,
       total_parts, epoch, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
    [
      outcome.address,
      outcome.publicKey,
      toHex(keyId),
      state.sessionKey,
      state.coordinator,
      state.threshold,
      state.totalParts,
      'active',
      state.updatedAt,
    ],
  );
  for (const party of state.parties) {
    const result = state.results.get(party.index);
    if (result?.success !== true || result.kind !== 'keygen') {
      throw new Error('a key without one of its shards');
    }
    await tx.run(
      `INSERT INTO shards (address, part_index, username, se_id, cpic, chip_public_key,
         encrypted_shard, record_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        outcome.address,
        party.index,
        party.username,
        party.seId,
        party.cpic,
        party.chipPublicKey,
        result.shard,
        result.recordId,
      ],
    );
  }
}

const COLUMNS = `address, public_key, key_id, session_key, creator, threshold, total_parts, epoch,
  state, created_at`;

/** The key of an address (EIP-55). */
export async function findKey(tx: Tx, address: string): Promise<KeyRecord | undefined> {
  return tx.get<KeyRecord>(`SELECT ${COLUMNS} FROM key_records WHERE address = ?`, [address]);
}

/** All shards of a key in index order. */
export async function shardsOf(tx: Tx, address: string): Promise<ShardRecord[]> {
  return tx.all<ShardRecord>(
    `SELECT part_index, username, se_id, cpic, chip_public_key, record_id, state FROM shards
     WHERE address = ? ORDER BY part_index`,
    [address],
  );
}

/** The ciphertext of one shard, for its holder. */
export async function encryptedShardOf(
  tx: Tx,
  address: string,
  partIndex: number,
): Promise<{ readonly encrypted_shard: string; readonly record_id: string } | undefined> {
  return tx.get(
    'SELECT encrypted_shard, record_id FROM shards WHERE address = ? AND part_index = ?',
    [address, partIndex],
  );
}

/** Whether a record on a chip belongs to a key that exists. */
export async function isLiveRecord(tx: Tx, recordId: string): Promise<boolean> {
  return (await tx.get('SELECT 1 AS x FROM shards WHERE record_id = ?', [recordId])) !== undefined;
}

/** Whether a user may ask for signatures of a key: its creator, or who was granted it. */
export async function mayUse(tx: Tx, key: KeyRecord, username: string): Promise<boolean> {
  if (key.creator === username) return true;
  const granted = await tx.get('SELECT 1 AS x FROM grants WHERE address = ? AND username = ?', [
    key.address,
    username,
  ]);
  return granted !== undefined;
}
