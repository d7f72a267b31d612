/** The bytes of sealed shards. Only this table holds them; a deleted row leaves zeros in the file. */
import { createHash } from 'node:crypto';
import type { Tx } from '../store/database.ts';
import type { ShardName } from './life.ts';

const OF_SHARD = 'key_id = ? AND epoch = ? AND se_id = ?';
const nameOf = ({ key_id, epoch, se_id }: ShardName): [string, number, string] => [
  key_id,
  epoch,
  se_id,
];

/** SHA-256 of a ciphertext in base64, as events hold it: lower-case hex. */
export function ciphertextHash(ciphertext: string): string {
  return createHash('sha256').update(ciphertext, 'base64').digest('hex');
}

/** Stores the ciphertext of a share. */
export async function putCiphertext(tx: Tx, shard: ShardName, ciphertext: string): Promise<void> {
  await tx.run('INSERT INTO ciphertexts (key_id, epoch, se_id, ciphertext) VALUES (?, ?, ?, ?)', [
    ...nameOf(shard),
    ciphertext,
  ]);
}

/** Deletes the ciphertext of a share. The caller empties the store's log after the commit. */
export async function deleteCiphertext(tx: Tx, shard: ShardName): Promise<void> {
  await tx.run(`DELETE FROM ciphertexts WHERE ${OF_SHARD}`, nameOf(shard));
}

/** Deletes every ciphertext of a key, of staged shares as well. */
export async function deleteCiphertextsOf(tx: Tx, keyId: string): Promise<void> {
  await tx.run('DELETE FROM ciphertexts WHERE key_id = ?', [keyId]);
}
