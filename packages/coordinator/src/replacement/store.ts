/** Replacements in the store (docs/spec/replace.md). */
import { type ReplacedShard, type Retirement, fromHex, parseAddress } from '@quorate/intent';
import { Refusal } from '../auth/refusal.ts';
import type { Tx } from '../store/database.ts';
import { type ChipRecord, findChip } from '../chips/registry.ts';

/** How far a replacement is. */
export type Stage = 'requested' | 'approved' | 'switched' | 'completed' | 'cancelled';

interface Row {
  readonly id: string;
  readonly username: string;
  readonly old_se_id: string;
  readonly new_se_id: string;
  readonly retire: Retirement;
  readonly state: Stage;
  readonly requested_at: number;
  readonly approved_by: string | null;
}

/** A replacement with its two chips. */
export interface Replacement {
  readonly id: string;
  readonly username: string;
  readonly retire: Retirement;
  readonly state: Stage;
  /** Milliseconds since 1970. */
  readonly requestedAt: number;
  readonly approvedBy: string | null;
  readonly oldChip: ChipRecord;
  readonly newChip: ChipRecord;
}

/** A shard that moves, and how far it is. */
export interface MovingShard {
  readonly address: string;
  readonly part_index: number;
  readonly record_id: string;
  readonly key_id: string;
  readonly epoch: number;
  readonly key_state: string;
  readonly state: 'open' | 'sealed' | 'moved' | 'deleted';
  /** Base64: the ciphertext for the new chip, before the switch. */
  readonly sealed: string | null;
}

/** Finds a replacement. */
export async function findReplacement(tx: Tx, id: string): Promise<Replacement | undefined> {
  const row = await tx.get<Row>('SELECT * FROM chip_replacements WHERE id = ?', [id]);
  return row === undefined ? undefined : replacementOf(tx, row);
}

/**
 * The replacement of a person that is not over. One that ended because its old chip was given up is noted as
 * completed first: it makes room for the next.
 */
export async function findOpen(
  tx: Tx,
  username: string,
  at: number,
): Promise<Replacement | undefined> {
  const row = await tx.get<Row>(
    `SELECT * FROM chip_replacements
     WHERE username = ? AND state IN ('requested', 'approved', 'switched')`,
    [username],
  );
  const found = row === undefined ? undefined : await replacementOf(tx, row);
  if (found?.state !== 'completed') return found;
  await setStage(tx, found.id, { state: 'completed' }, at);
  return undefined;
}

/** Replacements by identifier, from after one on; of one user when `onlyOf` is given. */
export async function listReplacements(
  tx: Tx,
  page: { readonly after: string; readonly limit: number; readonly onlyOf: string | undefined },
): Promise<Replacement[]> {
  const mine = page.onlyOf === undefined ? '' : 'AND username = ?';
  const rows = await tx.all<Row>(
    `SELECT * FROM chip_replacements WHERE id > ? ${mine} ORDER BY id LIMIT ?`,
    [page.after, ...(page.onlyOf === undefined ? [] : [page.onlyOf]), page.limit],
  );
  const found: Replacement[] = [];
  for (const row of rows) found.push(await replacementOf(tx, row));
  return found;
}

async function replacementOf(tx: Tx, row: Row): Promise<Replacement> {
  const oldChip = await findChip(tx, row.old_se_id);
  const newChip = await findChip(tx, row.new_se_id);
  if (oldChip === undefined || newChip === undefined)
    throw new Error('a replacement without chips');
  return {
    id: row.id,
    username: row.username,
    retire: row.retire,
    state: stageOf(row.state, oldChip),
    requestedAt: row.requested_at,
    approvedBy: row.approved_by,
    oldChip,
    newChip,
  };
}

/** An old chip that an administrator gave up after the switch has nothing more to delete for this replacement. */
function stageOf(state: Stage, oldChip: ChipRecord): Stage {
  return state === 'switched' && oldChip.state !== 'disabled' ? 'completed' : state;
}

/** Notes how far a replacement is. */
export async function setStage(
  tx: Tx,
  id: string,
  change: { readonly state: Stage; readonly approvedBy?: string },
  at: number,
): Promise<void> {
  await tx.run(
    `UPDATE chip_replacements
     SET state = ?, approved_by = COALESCE(?, approved_by), updated_at = ? WHERE id = ?`,
    [change.state, change.approvedBy ?? null, at, id],
  );
}

const BEFORE = `SELECT s.address, s.part_index, s.record_id, k.key_id, k.epoch, k.state AS key_state,
    CASE WHEN r.record_id = s.record_id THEN 'sealed' ELSE 'open' END AS state,
    r.encrypted_shard AS sealed
  FROM shards s JOIN key_records k ON k.address = s.address
  LEFT JOIN replacement_shards r ON r.address = s.address AND r.replacement_id = ?
  WHERE s.se_id = ? AND s.state = 'held' ORDER BY s.address`;

const AFTER = `SELECT r.address, r.part_index, r.record_id, k.key_id, k.epoch, k.state AS key_state, r.state,
    NULL AS sealed
  FROM replacement_shards r JOIN key_records k ON k.address = r.address
  WHERE r.replacement_id = ? ORDER BY r.address`;

/** The shards of a replacement: those of the old chip now, or after the switch those that moved. */
export async function shardsIn(tx: Tx, replacement: Replacement): Promise<MovingShard[]> {
  const { id, state, oldChip } = replacement;
  if (state === 'requested' || state === 'approved') {
    return tx.all<MovingShard>(BEFORE, [id, oldChip.seId]);
  }
  return tx.all<MovingShard>(AFTER, [id]);
}

/** A replacement that is not over and has a shard of this key on both chips, or may have. */
export async function movingShardOf(
  tx: Tx,
  address: string,
): Promise<{ readonly username: string } | undefined> {
  return tx.get<{ username: string }>(
    `SELECT r.username FROM chip_replacements r
     JOIN replacement_shards s ON s.replacement_id = r.id
     JOIN chips old ON old.se_id = r.old_se_id
     WHERE s.address = ? AND s.state <> 'deleted' AND (r.state IN ('requested', 'approved')
       OR (r.state = 'switched' AND old.state = 'disabled')) ORDER BY r.id LIMIT 1`,
    [address],
  );
}

/** What certificates and authorisations of a step name. */
export function boundTo(replacement: Replacement, shard: MovingShard): ReplacedShard {
  return {
    replacementId: replacement.id,
    username: replacement.username,
    keyId: fromHex(shard.key_id),
    address: parseAddress(shard.address),
    partIndex: shard.part_index,
    epoch: shard.epoch,
    recordId: fromHex(shard.record_id),
    oldChip: replacement.oldChip.publicKey,
    newChip: replacement.newChip.publicKey,
  };
}

/** Refuses a replacement that is somewhere else. */
export function stageProblem(
  replacement: Replacement,
  stages: readonly Stage[],
): Refusal | undefined {
  if (stages.includes(replacement.state)) return undefined;
  return new Refusal(
    'replacement_state',
    `the replacement is ${replacement.state}; expected ${stages.join(' or ')}`,
  );
}

/** Refuses when one of the chips is not where it has to be: somebody reported it in between. */
export function chipProblem(
  replacement: Replacement,
  expected: { readonly old: ChipRecord['state']; readonly fresh: ChipRecord['state'] },
): Refusal | undefined {
  const { oldChip, newChip } = replacement;
  for (const [chip, state] of [
    [oldChip, expected.old],
    [newChip, expected.fresh],
  ] as const) {
    if (chip.state === state) continue;
    return new Refusal('chip_unavailable', `the chip ${chip.seId} is ${chip.state}, not ${state}`);
  }
  return undefined;
}
