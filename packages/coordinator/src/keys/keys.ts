/** Keys in the store: made by a key generation, named by their `key_id`, found by any of their addresses. */
import { formatAddress, IntentError, parseAddress } from '@quorate/intent';
import type { Algorithm, KeyStateName } from '@quorate/wire';
import type { Tx } from '../store/database.ts';
import { type Maker, switchStaged } from './staging.ts';

/** A key as the store holds it. */
export interface KeyRecord {
  readonly key_id: string;
  readonly algorithm: Algorithm;
  /** The address by which messages name the key. */
  readonly address: string;
  readonly public_key: string;
  readonly session_key: string;
  readonly creator: string;
  readonly threshold: number;
  readonly total_parts: number;
  readonly epoch: number;
  readonly state: KeyStateName;
  readonly created_at: number;
}

/** The key that a completed key generation made. Byte strings are lower-case hex. */
export interface NewKey {
  readonly keyId: string;
  readonly algorithm: Algorithm;
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
}

/** The EIP-55 form of an address in any case; undefined if the text is no address. */
export function normalAddress(text: string): string | undefined {
  try {
    return formatAddress(parseAddress(text));
  } catch (error) {
    if (error instanceof IntentError) return undefined;
    throw error;
  }
}

/** Stores the key of a completed key generation, and makes its staged shares current. */
export async function insertKey(tx: Tx, key: NewKey): Promise<void> {
  await tx.run(
    `INSERT INTO keys (key_id, algorithm, public_key, session_key, creator, threshold, total_parts,
       epoch, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 'active', ?)`,
    [
      key.keyId,
      key.algorithm,
      key.publicKey,
      key.sessionKey,
      key.creator,
      key.threshold,
      key.totalParts,
      key.at,
    ],
  );
  await tx.run('INSERT INTO key_labels (address, key_id, place) VALUES (?, ?, 0)', [
    key.address,
    key.keyId,
  ]);
  const by: Maker = `session:${key.sessionKey}`;
  if ((await switchStaged(tx, by)) !== key.totalParts) {
    throw new Error('a key without one of its shards');
  }
}

const KEYS = `SELECT k.key_id, k.algorithm, l.address, k.public_key, k.session_key, k.creator, k.threshold,
    k.total_parts, k.epoch, k.state, k.created_at
  FROM keys k JOIN key_labels l ON l.key_id = k.key_id AND l.place = 0`;

/** Finds a key by its `key_id`. */
export async function findKey(tx: Tx, keyId: string): Promise<KeyRecord | undefined> {
  return tx.get<KeyRecord>(`${KEYS} WHERE k.key_id = ?`, [keyId]);
}

/** Finds a key by one of its addresses (EIP-55). */
export async function findKeyOfAddress(tx: Tx, address: string): Promise<KeyRecord | undefined> {
  return tx.get<KeyRecord>(
    `${KEYS} WHERE k.key_id = (SELECT key_id FROM key_labels WHERE address = ?)`,
    [address],
  );
}

/** Finds a key by its `key_id`, or by an address in any case. */
export async function findKeyNamed(tx: Tx, name: string): Promise<KeyRecord | undefined> {
  if (/^[0-9a-f]{64}$/i.test(name)) return findKey(tx, name.toLowerCase());
  const address = normalAddress(name);
  return address === undefined ? undefined : findKeyOfAddress(tx, address);
}

/** Selects which keys a list shows, and from where on. */
export interface KeyPage {
  readonly after?: string | undefined;
  readonly limit: number;
  /** Only keys that this user made, holds a shard of, or may use. */
  readonly onlyOf?: string | undefined;
}

const CONCERNS = `(k.creator = ?
  OR EXISTS (SELECT 1 FROM shards s WHERE s.key_id = k.key_id AND s.username = ?)
  OR EXISTS (SELECT 1 FROM grants g WHERE g.key_id = k.key_id AND g.username = ?))`;

/** Lists keys by address, from after one on. */
export async function listKeys(
  tx: Tx,
  { after = '', limit, onlyOf }: KeyPage,
): Promise<KeyRecord[]> {
  const mine = onlyOf === undefined ? '' : `AND ${CONCERNS}`;
  const concerned = onlyOf === undefined ? [] : [onlyOf, onlyOf, onlyOf];
  return tx.all<KeyRecord>(`${KEYS} WHERE l.address > ? ${mine} ORDER BY l.address LIMIT ?`, [
    after,
    ...concerned,
    limit,
  ]);
}

/** Whether a user may know of a key: its creator, a holder of a shard, or a user with a grant. */
export async function concerns(tx: Tx, { key_id }: KeyRecord, username: string): Promise<boolean> {
  const row = await tx.get(`SELECT 1 AS x FROM keys k WHERE k.key_id = ? AND ${CONCERNS}`, [
    key_id,
    username,
    username,
    username,
  ]);
  return row !== undefined;
}
