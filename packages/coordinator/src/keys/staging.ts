/** New shares: staged with their ciphertexts, then made current all at once, or discarded without a trace. */
import type { Tx } from '../store/database.ts';
import { deleteCiphertext, putCiphertext } from './ciphertexts.ts';
import { LifeError, type ShardName, step } from './life.ts';

/** A maker of shares, which may replace others: a key generation, or the replacement of a chip. */
export type Maker = `session:${string}` | `replacement:${string}`;

/** A new share. */
export interface NewShard extends ShardName {
  readonly part_index: number;
  readonly username: string;
  readonly cpic: string;
  /** Lower-case hex of 65 bytes. */
  readonly chip_public_key: string;
  /** Lower-case hex of 32 bytes. */
  readonly record_id: string;
  /** Base64. */
  readonly ciphertext: string;
}

/**
 * Stages a share beside the current one.
 *
 * @throws LifeError `keys/shard-state` for a key that is being destroyed, or is destroyed
 */
export async function stageShard(tx: Tx, shard: NewShard, by: Maker): Promise<void> {
  const ending = await tx.get("SELECT 1 AS x FROM keys WHERE key_id = ? AND state <> 'active'", [
    shard.key_id,
  ]);
  if (ending !== undefined) throw new LifeError('a share of a key that signs nothing more');
  await tx.run(
    `INSERT INTO shards (key_id, epoch, part_index, username, se_id, cpic, chip_public_key, record_id,
       state, absent, staged_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'staged', 0, ?)`,
    [
      shard.key_id,
      shard.epoch,
      shard.part_index,
      shard.username,
      shard.se_id,
      shard.cpic,
      shard.chip_public_key,
      shard.record_id,
      by,
    ],
  );
  await putCiphertext(tx, shard, shard.ciphertext);
}

/** A share that waits to become current. */
export interface StagedShard extends ShardName {
  readonly part_index: number;
  readonly record_id: string;
  readonly ciphertext: string;
}

/** The shares that a maker has staged, by key and part. */
export async function stagedBy(tx: Tx, by: Maker): Promise<StagedShard[]> {
  return tx.all<StagedShard>(
    `SELECT s.key_id, s.epoch, s.se_id, s.part_index, s.record_id, c.ciphertext
     FROM shards s JOIN ciphertexts c
       ON c.key_id = s.key_id AND c.epoch = s.epoch AND c.se_id = s.se_id
     WHERE s.staged_by = ? AND s.state = 'staged' ORDER BY s.key_id, s.part_index`,
    [by],
  );
}

/**
 * Makes every share that a maker has staged the current one of its seat. The previous share is retired and its
 * ciphertext deleted. Returns the number of shares.
 */
export async function switchStaged(tx: Tx, by: Maker): Promise<number> {
  const staged = await stagedBy(tx, by);
  for (const shard of staged) {
    const before = await tx.get<ShardName>(
      `SELECT key_id, epoch, se_id FROM shards
       WHERE key_id = ? AND epoch = ? AND part_index = ? AND state = 'current'`,
      [shard.key_id, shard.epoch, shard.part_index],
    );
    if (before !== undefined) {
      await step(tx, before, ['current', 'retired'], { retiredBy: by });
      await deleteCiphertext(tx, before);
    }
    await step(tx, shard, ['staged', 'current']);
  }
  return staged.length;
}

/**
 * Discards the shares that a maker has staged, of one key if named: nobody has used them, so nothing is kept.
 */
export async function discardStaged(tx: Tx, by: Maker, keyId?: string): Promise<void> {
  for (const shard of await stagedBy(tx, by)) {
    if (keyId === undefined || keyId === shard.key_id) await deleteStaged(tx, shard);
  }
}

/** Discards every staged share of a key. */
export async function discardStagedOf(tx: Tx, keyId: string): Promise<void> {
  const staged = await tx.all<ShardName>(
    "SELECT key_id, epoch, se_id FROM shards WHERE key_id = ? AND state = 'staged'",
    [keyId],
  );
  for (const shard of staged) await deleteStaged(tx, shard);
}

async function deleteStaged(tx: Tx, shard: ShardName): Promise<void> {
  await deleteCiphertext(tx, shard);
  await step(tx, shard, ['staged', 'deleted']);
  await tx.run('DELETE FROM shards WHERE key_id = ? AND epoch = ? AND se_id = ?', [
    shard.key_id,
    shard.epoch,
    shard.se_id,
  ]);
}
