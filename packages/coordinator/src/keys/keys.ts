/** Keys in the store: made by a key generation, named by their `key_id`, found by any address that leads to them. */
import { formatAddress, IntentError, parseAddress } from '@quorate/intent';
import type { Tx } from '../store/database.ts';

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

/** What a completed key generation has made. Byte strings are lower-case hex. */
export interface NewKey {
  readonly keyId: string;
  /** EIP-55. */
  readonly address: string;
  /** `0x` and 66 hex digits. */
  readonly publicKey: string;
  /** The key generation. */
  readonly sessionKey: string;
  readonly creator: string;
  readonly threshold: number;
  readonly totalParts: number;
  readonly at: number;
  readonly shards: readonly NewShard[];
}

/** A shard of a key that has just been made. */
export interface NewShard {
  readonly index: number;
  readonly username: string;
  readonly seId: string;
  readonly cpic: string;
  readonly chipPublicKey: string;
  readonly recordId: string;
  /** Base64. */
  readonly ciphertext: string;
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
export async function createKey(tx: Tx, key: NewKey): Promise<void> {
  await tx.run(
    `INSERT INTO key_records (address, public_key, key_id, session_key, creator, threshold,
       total_parts, epoch, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
    [
      key.address,
      key.publicKey,
      key.keyId,
      key.sessionKey,
      key.creator,
      key.threshold,
      key.totalParts,
      'active',
      key.at,
    ],
  );
  for (const shard of key.shards) {
    await tx.run(
      `INSERT INTO shards (address, part_index, username, se_id, cpic, chip_public_key,
         encrypted_shard, record_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        key.address,
        shard.index,
        shard.username,
        shard.seId,
        shard.cpic,
        shard.chipPublicKey,
        shard.ciphertext,
        shard.recordId,
      ],
    );
  }
}

const COLUMNS = `address, public_key, key_id, session_key, creator, threshold, total_parts, epoch,
  state, created_at`;

/** The key of a `key_id`. */
export async function findKey(tx: Tx, keyId: string): Promise<KeyRecord | undefined> {
  return tx.get<KeyRecord>(`SELECT ${COLUMNS} FROM key_records WHERE key_id = ?`, [keyId]);
}

/** The key to which an address (EIP-55) leads. */
export async function findKeyOfAddress(tx: Tx, address: string): Promise<KeyRecord | undefined> {
  return tx.get<KeyRecord>(`SELECT ${COLUMNS} FROM key_records WHERE address = ?`, [address]);
}
