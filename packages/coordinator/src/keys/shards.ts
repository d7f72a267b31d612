/** Shards in the store: the chip and the holder of each. */
import type { RecordStateName } from '@quorate/wire';
import type { Tx } from '../store/database.ts';
import type { KeyRecord } from './keys.ts';
import { type ShardName, step } from './life.ts';
import type { Maker } from './staging.ts';

/** A shard of one of a key's holders. The ciphertext is read only when it is sent to the holder. */
export interface ShardRecord extends ShardName {
  readonly part_index: number;
  readonly username: string;
  readonly cpic: string;
  readonly chip_public_key: string;
  readonly record_id: string;
  /** `deleted`: the record on the chip is known to be gone; `absent`: the chip is gone. */
  readonly record: RecordStateName;
}

/** One holder's place in a key. */
export interface Seat {
  readonly keyId: string;
  readonly partIndex: number;
}

/** A share in use, or destroyed with its key: neither staged nor replaced. */
const HELD = "s.state <> 'staged' AND s.retired_by IS NULL";

const COLUMNS = `s.key_id, s.epoch, s.se_id, s.part_index, s.username, s.cpic, s.chip_public_key, s.record_id,
  CASE WHEN s.state = 'deleted' THEN 'deleted' WHEN s.absent = 1 THEN 'absent' ELSE 'held' END AS record`;

/** The shards of a key's holders in index order. */
export async function shardsOf(
  tx: Tx,
  { key_id, epoch }: Pick<KeyRecord, 'key_id' | 'epoch'>,
): Promise<ShardRecord[]> {
  return tx.all<ShardRecord>(
    `SELECT ${COLUMNS} FROM shards s WHERE s.key_id = ? AND s.epoch = ? AND ${HELD}
     ORDER BY s.part_index`,
    [key_id, epoch],
  );
}

/** The signing shard of a seat with its ciphertext, for its holder. */
export async function sealedShardOf(
  tx: Tx,
  { keyId, partIndex }: Seat,
): Promise<{ readonly ciphertext: string; readonly record_id: string } | undefined> {
  return tx.get(
    `SELECT c.ciphertext, s.record_id FROM keys k
     JOIN shards s ON s.key_id = k.key_id AND s.epoch = k.epoch
     JOIN ciphertexts c ON c.key_id = s.key_id AND c.epoch = s.epoch AND c.se_id = s.se_id
     WHERE k.key_id = ? AND s.part_index = ? AND s.state = 'current'`,
    [keyId, partIndex],
  );
}

/** Whether a record on a chip belongs to an existing key. */
export async function isLiveRecord(tx: Tx, recordId: string): Promise<boolean> {
  const row = await tx.get("SELECT 1 AS x FROM shards WHERE record_id = ? AND state <> 'staged'", [
    recordId,
  ]);
  return row !== undefined;
}

/** Whether any share is or was on a chip. */
export async function hadShard(tx: Tx, seId: string): Promise<boolean> {
  return (await tx.get('SELECT 1 AS x FROM shards WHERE se_id = ?', [seId])) !== undefined;
}

/** The keys that sign nothing more while this holder's record is not known to be deleted. */
export async function keysOwingReceipt(tx: Tx, username: string): Promise<string[]> {
  const rows = await tx.all<{ key_id: string }>(
    `SELECT k.key_id FROM shards s JOIN keys k ON k.key_id = s.key_id AND k.epoch = s.epoch
     WHERE s.username = ? AND s.state = 'current' AND k.state <> 'active' ORDER BY k.key_id`,
    [username],
  );
  return rows.map((row) => row.key_id);
}

/** Whether a holder's record of a key is known to be deleted. */
export async function gaveReceipt(tx: Tx, keyId: string, username: string): Promise<boolean> {
  const row = await tx.get(
    `SELECT 1 AS x FROM shards s JOIN keys k ON k.key_id = s.key_id AND k.epoch = s.epoch
     WHERE s.key_id = ? AND s.username = ? AND s.state = 'deleted' AND ${HELD}`,
    [keyId, username],
  );
  return row !== undefined;
}

/** A share with its key, for the move from one chip to another. */
export interface ShardOfKey extends ShardName {
  readonly address: string;
  readonly part_index: number;
  readonly record_id: string;
  readonly key_state: KeyRecord['state'];
  readonly state: 'current' | 'retired' | 'deleted';
}

const OF_KEY = `SELECT s.key_id, s.epoch, s.se_id, l.address, s.part_index, s.record_id,
    k.state AS key_state, s.state
  FROM shards s JOIN keys k ON k.key_id = s.key_id
  JOIN key_labels l ON l.key_id = k.key_id AND l.place = 0`;

/** The current shares on a chip, by address. */
export async function currentOn(tx: Tx, seId: string): Promise<ShardOfKey[]> {
  return tx.all<ShardOfKey>(
    `${OF_KEY} WHERE s.se_id = ? AND s.state = 'current' AND s.absent = 0 ORDER BY l.address`,
    [seId],
  );
}

/** The shares that a maker's shares replaced, by address. */
export async function retiredBy(tx: Tx, by: Maker): Promise<ShardOfKey[]> {
  return tx.all<ShardOfKey>(`${OF_KEY} WHERE s.retired_by = ? ORDER BY l.address`, [by]);
}

/** The makers, by name, that have staged shares of a key or whose predecessors are not deleted yet. */
export async function makersAtWork(tx: Tx, keyId: string): Promise<Maker[]> {
  const rows = await tx.all<{ maker: Maker }>(
    `SELECT CASE state WHEN 'staged' THEN staged_by ELSE retired_by END AS maker FROM shards
     WHERE key_id = ? AND state IN ('staged', 'retired') ORDER BY maker`,
    [keyId],
  );
  return rows.map(({ maker }) => maker);
}

/** Notes that the record of a retired share is deleted. */
export async function deleteRetired(tx: Tx, shard: ShardName): Promise<void> {
  await step(tx, shard, ['retired', 'deleted']);
}
