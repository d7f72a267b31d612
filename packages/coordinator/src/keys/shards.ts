/** Shards in the store: who holds which on which chip. */
import type { Tx } from '../store/database.ts';
import type { KeyRecord } from './keys.ts';

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

/** One holder's place in a key. */
export interface Seat {
  readonly keyId: string;
  readonly partIndex: number;
}

/** The shards of a key's holders in index order. */
export async function shardsOf(tx: Tx, key: Pick<KeyRecord, 'key_id'>): Promise<ShardRecord[]> {
  return tx.all<ShardRecord>(
    `SELECT part_index, username, se_id, cpic, chip_public_key, record_id, state FROM shards
     WHERE address = (SELECT address FROM key_records WHERE key_id = ?) ORDER BY part_index`,
    [key.key_id],
  );
}

/** The ciphertext that a seat signs with, for its holder. */
export async function sealedShardOf(
  tx: Tx,
  { keyId, partIndex }: Seat,
): Promise<{ readonly ciphertext: string; readonly record_id: string } | undefined> {
  return tx.get(
    `SELECT encrypted_shard AS ciphertext, record_id FROM shards
     WHERE address = (SELECT address FROM key_records WHERE key_id = ?) AND part_index = ?`,
    [keyId, partIndex],
  );
}

/** Whether a record on a chip belongs to a key that exists. */
export async function isLiveRecord(tx: Tx, recordId: string): Promise<boolean> {
  return (await tx.get('SELECT 1 AS x FROM shards WHERE record_id = ?', [recordId])) !== undefined;
}

/** The keys that sign nothing more, and of which this holder's record is not known to be deleted. */
export async function keysOwingReceipt(
  tx: Tx,
  username: string,
): Promise<{ readonly key_id: string; readonly address: string }[]> {
  return tx.all(
    `SELECT k.key_id, k.address FROM shards s JOIN key_records k ON k.address = s.address
     WHERE s.username = ? AND s.state <> 'deleted' AND k.state <> 'active' ORDER BY k.key_id`,
    [username],
  );
}
