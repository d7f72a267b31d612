/** Checks a request for a new chip before anything is written (docs/spec/replace.md §3.1). */
import { fromHex, replacementRequestHash, type Retirement, toHex } from '@quorate/intent';
import type { ChipKindName } from '@quorate/wire';
import { randomBytes } from 'node:crypto';
import { RequestError } from '../requestError.ts';
import { hadShard } from '../keys/index.ts';
import type { Tx } from '../store/database.ts';
import {
  type ChipRecord,
  findActiveChip,
  findChip,
  insertChip,
  provesPossession,
} from '../chips/registry.ts';
import { findOpen, findReplacement, type Replacement } from './store.ts';

/** The order of a holder who has a new chip. */
export interface ReplacementOrder {
  readonly username: string;
  readonly seId: string;
  readonly cpic: string;
  /** 65 bytes in hex. */
  readonly publicKey: string;
  readonly nonce: string;
  /** Base64 of DER: REGISTER of each chip over the request's hash. */
  readonly oldProof: string;
  readonly newProof: string;
  readonly retire: Retirement;
  readonly label: string;
  readonly kind: ChipKindName;
}

/** Stores the request and the inactive new chip, or refuses. */
export async function enterRequest(
  tx: Tx,
  order: ReplacementOrder,
  at: number,
): Promise<Replacement | RequestError> {
  const oldChip = await findActiveChip(tx, order.username);
  if (oldChip === undefined) {
    return new RequestError('chip_unavailable', 'no active chip: a lost one cannot be replaced');
  }
  if ((await findOpen(tx, order.username, at)) !== undefined) {
    return new RequestError('replacement_conflict', 'another replacement of this user is open');
  }
  if (!provenByBoth(order, oldChip)) {
    return new RequestError('invalid_proof', 'both chips must sign this request');
  }
  const conflict = await enterChip(tx, order, at);
  if (conflict !== undefined) return conflict;
  const id = randomBytes(16).toString('hex');
  await tx.run(
    `INSERT INTO chip_replacements
       (id, username, old_se_id, new_se_id, retire, state, requested_at, updated_at)
     VALUES (?, ?, ?, ?, ?, 'requested', ?, ?)`,
    [id, order.username, oldChip.seId, order.seId, order.retire, at, at],
  );
  const made = await findReplacement(tx, id);
  if (made === undefined) throw new Error('a replacement that was not written');
  return made;
}

function provenByBoth(order: ReplacementOrder, oldChip: ChipRecord): boolean {
  const hash = requestHash(order, oldChip);
  if (hash === undefined) return false;
  const nonce = toHex(hash);
  const { cpic, publicKey } = order;
  return (
    provesPossession({ cpic, publicKey, nonce, proof: order.newProof }) &&
    provesPossession({
      cpic: oldChip.cpic,
      publicKey: toHex(oldChip.publicKey),
      nonce,
      proof: order.oldProof,
    })
  );
}

function requestHash(order: ReplacementOrder, oldChip: ChipRecord): Uint8Array | undefined {
  return replacementRequestHash({
    nonce: fromHex(order.nonce),
    username: order.username,
    oldChip: oldChip.publicKey,
    newChip: fromHex(order.publicKey),
    seId: order.seId,
    retire: order.retire,
    kind: order.kind,
  });
}

/** Whether a chip has ever held a shard, or was replaced. */
async function wasUsed(tx: Tx, seId: string): Promise<boolean> {
  const replaced = await tx.get('SELECT 1 AS x FROM chip_replacements WHERE old_se_id = ?', [seId]);
  return replaced !== undefined || (await hadShard(tx, seId));
}

/** Allows an own chip that was never used again, after its replacement was cancelled. */
async function enterChip(
  tx: Tx,
  order: ReplacementOrder,
  at: number,
): Promise<RequestError | undefined> {
  const known = await findChip(tx, order.seId);
  if (known !== undefined) {
    const same =
      known.username === order.username &&
      known.state === 'disabled' &&
      toHex(known.publicKey) === toHex(fromHex(order.publicKey)) &&
      known.cpic === order.cpic.toLowerCase();
    if (same && !(await wasUsed(tx, order.seId))) {
      // Registers the kind that both chips signed last.
      await tx.run('UPDATE chips SET kind = ? WHERE se_id = ?', [order.kind, order.seId]);
      return undefined;
    }
    return new RequestError('chip_conflict', 'this chip was registered before');
  }
  try {
    await insertChip(tx, { ...order, state: 'disabled' }, at);
    return undefined;
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
}
