/** The end of a key in the store: its ciphertexts go first, then each record, then the key. */
import type { Tx } from '../store/database.ts';
import { deleteCiphertextsOf } from './ciphertexts.ts';
import { findKey, type KeyRecord } from './keys.ts';
import { step } from './life.ts';
import { type Seat, type ShardRecord, shardsOf } from './shards.ts';
import { discardStagedOf } from './staging.ts';

/** The point of no return: the key signs nothing more, and every ciphertext of its shares is deleted. */
export async function beginDestruction(tx: Tx, keyId: string): Promise<void> {
  const key = await findKey(tx, keyId);
  if (key?.state !== 'active') throw new Error('a destruction of a key that is not active');
  await setState(tx, keyId, 'destroying');
  // A replacement that has not switched yet keeps copies sealed for the new chip.
  await discardStagedOf(tx, keyId);
  await deleteCiphertextsOf(tx, keyId);
}

/** Notes that the record of a seat is deleted, with the proof. */
export async function noteReceipt(
  tx: Tx,
  { keyId, partIndex }: Seat,
  receipt: string,
): Promise<void> {
  const key = await findKey(tx, keyId);
  const shards = key === undefined ? [] : await shardsOf(tx, key);
  const shard = shards.find(({ part_index }) => part_index === partIndex);
  if (shard === undefined) throw new Error('a receipt for no shard');
  await step(tx, shard, ['current', 'deleted'], { receipt });
}

/** A destroyed key, with the shards that its holders had. */
export interface DestroyedKey {
  readonly key: KeyRecord;
  readonly shards: readonly ShardRecord[];
}

/** Marks the key destroyed, and marks as absent the records that nobody can be asked to delete. */
export async function completeDestruction(
  tx: Tx,
  keyId: string,
  absent: readonly number[],
): Promise<DestroyedKey> {
  const key = await findKey(tx, keyId);
  if (key?.state !== 'destroying') throw new Error('a destruction that was not begun');
  await setState(tx, keyId, 'destroyed');
  // A record without proof of deletion stays `held`: it may still exist.
  for (const index of absent) {
    await tx.run(
      `UPDATE shards SET absent = 1
       WHERE key_id = ? AND epoch = ? AND part_index = ? AND state = 'current'`,
      [keyId, key.epoch, index],
    );
  }
  return { key: { ...key, state: 'destroyed' }, shards: await shardsOf(tx, key) };
}

async function setState(tx: Tx, keyId: string, state: KeyRecord['state']): Promise<void> {
  await tx.run('UPDATE keys SET state = ? WHERE key_id = ?', [state, keyId]);
}
