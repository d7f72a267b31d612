/** What the store does when a key is destroyed: the ciphertexts go first, then each record, then the key. */
import type { Event } from '../session/events.ts';
import type { Tx } from '../store/database.ts';
import { findKey, type KeyRecord } from './keys.ts';
import { type Seat, type ShardRecord, shardsOf } from './shards.ts';

/**
 * The point of no return: the key signs nothing more, and every copy of a ciphertext that this store has is
 * overwritten. The key generation's events keep everything but the ciphertexts.
 */
export async function beginDestruction(tx: Tx, keyId: string): Promise<string> {
  const key = await findKey(tx, keyId);
  if (key?.state !== 'active') throw new Error('a destruction of a key that is not active');
  const { address } = key;
  await tx.run("UPDATE key_records SET state = 'destroying' WHERE address = ?", [address]);
  await tx.run("UPDATE shards SET encrypted_shard = '' WHERE address = ?", [address]);
  // A replacement of a chip that has not switched yet keeps copies that are sealed for the new chip.
  await tx.run("UPDATE replacement_shards SET encrypted_shard = '' WHERE address = ?", [address]);
  const events = await tx.all<{ number: number; event: string }>(
    'SELECT number, event FROM session_events WHERE session_key = ?',
    [key.session_key],
  );
  for (const { number, event } of events) {
    const kept = withoutShard(JSON.parse(event) as Event);
    if (kept === undefined) continue;
    await tx.run('UPDATE session_events SET event = ? WHERE session_key = ? AND number = ?', [
      JSON.stringify(kept),
      key.session_key,
      number,
    ]);
  }
  return key.session_key;
}

function withoutShard(event: Event): Event | undefined {
  if (event.type !== 'finished') return undefined;
  const { result } = event;
  if (!result.success || result.kind !== 'keygen') return undefined;
  const kept = { ...result, shard: '' };
  return { ...event, result: kept };
}

/** Notes that the record of a seat is gone, with the proof. */
export async function noteReceipt(
  tx: Tx,
  { keyId, partIndex }: Seat,
  receipt: string,
): Promise<void> {
  await tx.run(
    `UPDATE shards SET state = 'deleted', receipt = ?
     WHERE address = (SELECT address FROM key_records WHERE key_id = ?) AND part_index = ?`,
    [receipt, keyId, partIndex],
  );
}

/** A key that is destroyed, with the shards that its holders had. */
export interface DestroyedKey {
  readonly key: KeyRecord;
  readonly shards: readonly ShardRecord[];
}

/** Marks the key destroyed, and the records that nobody can be asked to delete as out of reach. */
export async function completeDestruction(
  tx: Tx,
  keyId: string,
  absent: readonly number[],
): Promise<DestroyedKey> {
  const key = await findKey(tx, keyId);
  if (key?.state !== 'destroying') throw new Error('a destruction that was not begun');
  await tx.run("UPDATE key_records SET state = 'destroyed' WHERE key_id = ?", [keyId]);
  // A record that nobody has proven gone stays `held`: it may be there.
  for (const index of absent) {
    await tx.run(
      "UPDATE shards SET state = 'absent' WHERE address = ? AND part_index = ? AND state = 'held'",
      [key.address, index],
    );
  }
  return { key: { ...key, state: 'destroyed' }, shards: await shardsOf(tx, key) };
}
