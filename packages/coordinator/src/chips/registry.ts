import { createHash, randomBytes } from 'node:crypto';
import { fromBase64, fromHex, registrationMessage, toHex, verifyP256 } from '@quorate/intent';
import type { ChipKindName, ChipStateName } from '@quorate/wire';
import { RequestError } from '../requestError.ts';
import type { Chip } from './chip.ts';
import type { Tx } from '../store/database.ts';

/** A chip with its entry in the registry. */
export interface ChipRecord extends Chip {
  /** Claimed at registration, not proven. */
  readonly kind: ChipKindName;
  /** Milliseconds since 1970. */
  readonly registeredAt: number;
}

/** A chip to register, and the proof that the caller has it. */
export interface Registration {
  readonly username: string;
  readonly seId: string;
  /** 84 hex digits. */
  readonly cpic: string;
  /** 65 bytes in hex with or without 0x, SEC1 uncompressed. */
  readonly publicKey: string;
  /** 32 bytes in hex: the challenge, given to the same caller. */
  readonly nonce: string;
  /** Base64 of the DER signature that REGISTER returned. */
  readonly proof: string;
  readonly label: string;
  /** As claimed by the chip's host. */
  readonly kind?: ChipKindName | undefined;
}

interface ChipRow {
  se_id: string;
  username: string;
  cpic: string;
  public_key: string;
  label: string;
  state: Chip['state'];
  kind: ChipKindName;
  registered_at: number;
}

const CHALLENGE_LIFETIME = 5 * 60_000;
const MAXIMUM_CHALLENGES = 10;

/** Gives the caller a nonce that a chip signs to prove its presence: once, within five minutes. */
export async function giveChallenge(
  tx: Tx,
  caller: string,
  at: number,
): Promise<{ nonce: string; expiresAt: number }> {
  const nonce = randomBytes(32);
  const expiresAt = at + CHALLENGE_LIFETIME;
  await tx.run('DELETE FROM chip_challenges WHERE expires_at <= ?', [at]);
  const open = await tx.all('SELECT nonce_hash FROM chip_challenges WHERE username = ?', [caller]);
  if (open.length >= MAXIMUM_CHALLENGES) {
    throw new RequestError('rate_limited', 'too many open challenges; wait five minutes');
  }
  await tx.run('INSERT INTO chip_challenges (nonce_hash, username, expires_at) VALUES (?, ?, ?)', [
    hashNonce(nonce),
    caller,
    expiresAt,
  ]);
  return { nonce: nonce.toString('hex'), expiresAt };
}

/** Spends a challenge of this caller; false if it is unknown, spent, expired or somebody else's. */
export async function spendChallenge(
  tx: Tx,
  caller: string,
  nonce: string,
  at: number,
): Promise<boolean> {
  const { changes } = await tx.run(
    'DELETE FROM chip_challenges WHERE nonce_hash = ? AND username = ? AND expires_at > ?',
    [hashNonce(fromHex(nonce)), caller, at],
  );
  return changes === 1;
}

/** Whether the chip with that key and CPLC signed the challenge. */
export function provesPossession({
  publicKey,
  cpic,
  nonce,
  proof,
}: Pick<Registration, 'publicKey' | 'cpic' | 'nonce' | 'proof'>): boolean {
  try {
    const key = fromHex(publicKey);
    const message = registrationMessage({
      chipPublicKey: key,
      cplc: fromHex(cpic),
      nonce: fromHex(nonce),
    });
    return verifyP256(key, message, fromBase64(proof));
  } catch {
    return false;
  }
}

/**
 * Stores a chip whose proof was checked. Another key may register the CPLC of a destroyed chip: whoever
 * registered it first need not have held the chip.
 *
 * @throws RequestError `chip_conflict` when any part of it is registered, or the person has an active chip
 */
export async function insertChip(
  tx: Tx,
  chip: Omit<Registration, 'nonce' | 'proof'> & {
    readonly state?: Extract<ChipStateName, 'active' | 'disabled'>;
  },
  at: number,
): Promise<ChipRecord> {
  const { seId, username, label, kind = 'unknown', state = 'active' } = chip;
  const cpic = chip.cpic.toLowerCase();
  const publicKey = toHex(fromHex(chip.publicKey));
  const same = await tx.get(
    `SELECT se_id FROM chips
     WHERE se_id = ? OR public_key = ? OR (cpic = ? AND state <> 'destroyed')`,
    [seId, publicKey, cpic],
  );
  if (same !== undefined)
    throw new RequestError('chip_conflict', 'this chip was registered before');
  if (state === 'active' && (await findActiveChip(tx, username)) !== undefined) {
    throw new RequestError('chip_conflict', 'the user already has an active chip');
  }
  await tx.run(
    `INSERT INTO chips
       (se_id, username, cpic, public_key, label, state, kind, registered_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [seId, username, cpic, publicKey, label, state, kind, at, at],
  );
  return requireChip(tx, seId);
}

/**
 * Changes a chip's state or label. A destroyed chip stays destroyed.
 *
 * @throws RequestError `unknown_chip`, `chip_state`, `chip_conflict`
 */
export async function changeChip(
  tx: Tx,
  seId: string,
  change: { state?: Chip['state'] | undefined; label?: string | undefined },
  at: number,
): Promise<ChipRecord> {
  const before = await requireChip(tx, seId);
  const state = change.state ?? before.state;
  if (before.state === 'destroyed' && state !== 'destroyed') {
    throw new RequestError('chip_state', 'a destroyed chip stays destroyed');
  }
  const active = await findActiveChip(tx, before.username);
  if (state === 'active' && active !== undefined && active.seId !== seId) {
    throw new RequestError('chip_conflict', 'the user has another active chip');
  }
  await tx.run('UPDATE chips SET state = ?, label = ?, updated_at = ? WHERE se_id = ?', [
    state,
    change.label ?? before.label,
    at,
    seId,
  ]);
  return requireChip(tx, seId);
}

/** Finds a chip by its identifier. */
export async function findChip(tx: Tx, seId: string): Promise<ChipRecord | undefined> {
  const row = await tx.get<ChipRow>('SELECT * FROM chips WHERE se_id = ?', [seId]);
  return row === undefined ? undefined : recordOf(row);
}

/** The active chip of a user: there is at most one. */
export async function findActiveChip(tx: Tx, username: string): Promise<ChipRecord | undefined> {
  const row = await tx.get<ChipRow>("SELECT * FROM chips WHERE username = ? AND state = 'active'", [
    username,
  ]);
  return row === undefined ? undefined : recordOf(row);
}

/** The chip that a user registered last. */
export async function findLatestChip(tx: Tx, username: string): Promise<ChipRecord | undefined> {
  const row = await tx.get<ChipRow>(
    'SELECT * FROM chips WHERE username = ? ORDER BY registered_at DESC, se_id DESC LIMIT 1',
    [username],
  );
  return row === undefined ? undefined : recordOf(row);
}

/** Lists chips by identifier, from after one on; of one user if `onlyOf` is given. */
export async function listChips(
  tx: Tx,
  page: { after: string; limit: number; onlyOf: string | undefined },
): Promise<ChipRecord[]> {
  const { after, limit, onlyOf } = page;
  const rows =
    onlyOf === undefined
      ? await tx.all<ChipRow>('SELECT * FROM chips WHERE se_id > ? ORDER BY se_id LIMIT ?', [
          after,
          limit,
        ])
      : await tx.all<ChipRow>(
          'SELECT * FROM chips WHERE se_id > ? AND username = ? ORDER BY se_id LIMIT ?',
          [after, onlyOf, limit],
        );
  return rows.map(recordOf);
}

async function requireChip(tx: Tx, seId: string): Promise<ChipRecord> {
  const chip = await findChip(tx, seId);
  if (chip === undefined) throw new RequestError('unknown_chip', 'no chip with this identifier');
  return chip;
}

function recordOf(row: ChipRow): ChipRecord {
  return {
    seId: row.se_id,
    username: row.username,
    cpic: row.cpic,
    publicKey: fromHex(row.public_key),
    state: row.state,
    label: row.label,
    kind: row.kind,
    registeredAt: row.registered_at,
  };
}

function hashNonce(nonce: Uint8Array): string {
  return toHex(new Uint8Array(createHash('sha256').update(nonce).digest()));
}
