/** Replacements in the store (docs/spec/replace.md). */
import { type ReplacedShard, type Retirement, fromHex, parseAddress } from '@quorate/intent';
import type { ReplacementAnswer, ReplacementState } from '@quorate/wire';
import { RequestError } from '../requestError.ts';
import {
  type Maker,
  makersAtWork,
  ciphertextHash,
  currentOn,
  retiredBy,
  stagedBy,
} from '../keys/index.ts';
import type { Tx } from '../store/database.ts';
import { type ChipRecord, findChip } from '../chips/registry.ts';

interface Row {
  readonly id: string;
  readonly username: string;
  readonly old_se_id: string;
  readonly new_se_id: string;
  readonly retire: Retirement;
  readonly state: ReplacementState;
  readonly requested_at: number;
  readonly approved_by: string | null;
}

/** A replacement with its two chips. */
export interface Replacement {
  readonly id: string;
  readonly username: string;
  readonly retire: Retirement;
  readonly state: ReplacementState;
  /** Milliseconds since 1970. */
  readonly requestedAt: number;
  readonly approvedBy: string | null;
  readonly oldChip: ChipRecord;
  readonly newChip: ChipRecord;
}

/** A shard that moves, and its progress. */
export interface MovingShard {
  readonly address: string;
  readonly part_index: number;
  readonly record_id: string;
  readonly key_id: string;
  readonly epoch: number;
  readonly key_state: string;
  readonly state: ReplacementAnswer['shards'][number]['state'];
  /** SHA-256 of the ciphertext for the new chip, before the switch. */
  readonly sealedHash: string | null;
}

/** Finds a replacement. */
export async function findReplacement(tx: Tx, id: string): Promise<Replacement | undefined> {
  const row = await tx.get<Row>('SELECT * FROM chip_replacements WHERE id = ?', [id]);
  return row === undefined ? undefined : replacementOf(tx, row);
}

/**
 * The open replacement of a person. One that ended because its old chip was reported gone is first marked
 * completed, to make room for the next.
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

/** Lists replacements by identifier, from after one on; of one user if `onlyOf` is given. */
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

/**
 * Once an administrator reports the old chip gone after the switch, this replacement has nothing more to
 * delete.
 */
function stageOf(state: ReplacementState, oldChip: ChipRecord): ReplacementState {
  return state === 'switched' && oldChip.state !== 'disabled' ? 'completed' : state;
}

/** Stores the stage of a replacement. */
export async function setStage(
  tx: Tx,
  id: string,
  change: { readonly state: ReplacementState; readonly approvedBy?: string },
  at: number,
): Promise<void> {
  await tx.run(
    `UPDATE chip_replacements
     SET state = ?, approved_by = COALESCE(?, approved_by), updated_at = ? WHERE id = ?`,
    [change.state, change.approvedBy ?? null, at, id],
  );
}

/** The replacement as maker of shares for the new chip. */
export const makerOf = ({ id }: Pick<Replacement, 'id'>): Maker => `replacement:${id}`;

/** The shards of a replacement: before the switch those of the old chip, after it those that moved. */
export async function shardsIn(tx: Tx, replacement: Replacement): Promise<MovingShard[]> {
  const { state, oldChip } = replacement;
  const by = makerOf(replacement);
  if (state !== 'requested' && state !== 'approved') {
    return (await retiredBy(tx, by)).map((shard) => ({
      ...shard,
      state: shard.state === 'deleted' ? 'deleted' : 'moved',
      sealedHash: null,
    }));
  }
  const staged = await stagedBy(tx, by);
  return (await currentOn(tx, oldChip.seId)).map((shard) => {
    const copy = staged.find((one) => isSameSeat(one, shard));
    if (copy === undefined) return { ...shard, state: 'open', sealedHash: null };
    return { ...shard, state: 'sealed', sealedHash: ciphertextHash(copy.ciphertext) };
  });
}

/** Whether both have the same key, part and epoch: a copy of an older share is not one of the current share. */
const isSameSeat = (a: Place, b: Place): boolean =>
  a.key_id === b.key_id && a.part_index === b.part_index && a.epoch === b.epoch;

type Place = Pick<MovingShard, 'key_id' | 'part_index' | 'epoch'>;

/** Finds a shard of a replacement by its key: the `key_id`, or the address in any case. */
export async function findShard(
  tx: Tx,
  replacement: Replacement,
  name: string,
): Promise<MovingShard | undefined> {
  const shards = await shardsIn(tx, replacement);
  const key = name.toLowerCase();
  return shards.find((shard) => shard.key_id === key || shard.address.toLowerCase() === key);
}

/** Finds an open replacement that has, or may have, a shard of this key on both chips. */
export async function movingShardOf(
  tx: Tx,
  keyId: string,
): Promise<{ readonly username: string } | undefined> {
  for (const maker of await makersAtWork(tx, keyId)) {
    if (!maker.startsWith(PREFIX)) continue;
    const found = await findReplacement(tx, maker.slice(PREFIX.length));
    if (found !== undefined && OPEN.includes(found.state)) return found;
  }
  return undefined;
}

const PREFIX = 'replacement:';
const OPEN: readonly ReplacementState[] = ['requested', 'approved', 'switched'];

/** The facts in the certificates and authorisations of a step. */
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

/** Refuses a replacement in another stage. */
export function stageProblem(
  replacement: Replacement,
  stages: readonly ReplacementState[],
): RequestError | undefined {
  if (stages.includes(replacement.state)) return undefined;
  return new RequestError(
    'replacement_state',
    `the replacement is ${replacement.state}; expected ${stages.join(' or ')}`,
  );
}

/** Refuses if one of the chips has another state than required, because somebody reported it meanwhile. */
export function chipProblem(
  replacement: Replacement,
  expected: { readonly old: ChipRecord['state']; readonly fresh: ChipRecord['state'] },
): RequestError | undefined {
  const { oldChip, newChip } = replacement;
  for (const [chip, state] of [
    [oldChip, expected.old],
    [newChip, expected.fresh],
  ] as const) {
    if (chip.state === state) continue;
    return new RequestError(
      'chip_unavailable',
      `the chip ${chip.seId} is ${chip.state}, not ${state}`,
    );
  }
  return undefined;
}
