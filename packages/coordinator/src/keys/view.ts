/** Keys as REST shows and grants them: never a shard, a certificate or a body (1.9.16). */
import type { KeyAnswer, KeyHolder, KeySummary } from '@quorate/wire';
import type { AuditLog } from '../audit/index.ts';
import type { Chips } from '../chips/index.ts';
import type { Clock } from '../clock.ts';
import { type Page, type Paged, pageOf, type Visibility } from '../listing.ts';
import type { Tx } from '../store/database.ts';
import { deleteGrant, grantsOf, insertGrant } from './grants.ts';
import { concerns, findKeyNamed, type KeyRecord, listKeys } from './keys.ts';
import { type ShardRecord, shardsOf } from './shards.ts';

/** Keys, as REST reads and grants them. */
export interface Keys {
  list(tx: Tx, visibility: Visibility, page: Page): Promise<Paged<KeySummary>>;
  /** By `key_id`, or an address in any case; undefined if unknown or not visible. */
  get(tx: Tx, name: string, visibility: Visibility): Promise<KeyAnswer | undefined>;
  /** Lets a user ask for signatures, and audits it. False if the key is unknown. */
  grant(tx: Tx, request: GrantOrder): Promise<boolean>;
  /** Revokes the permission, and audits it. False if there was none. */
  revoke(tx: Tx, request: GrantOrder): Promise<boolean>;
}

/** Names who grants or revokes the permission to ask for signatures of a key. */
interface GrantOrder {
  /** Its `key_id`, or an address in any case. */
  readonly key: string;
  readonly username: string;
  readonly actor: string;
}

/** The parts of the server that the REST routes of keys use. */
export interface KeysContext {
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly chips: Pick<Chips, 'find'>;
  /** Told in the same transaction that a user may no longer use a key. */
  readonly onRevoked: (tx: Tx, key: KeyRecord, at: number) => Promise<void>;
}

/** The service behind the REST routes of keys. */
export function keysView(context: KeysContext): Keys {
  return {
    list,
    get: (tx, name, visibility) => get(tx, context, name, visibility),
    grant: (tx, request) => grant(tx, context, request),
    revoke: (tx, request) => revoke(tx, context, request),
  };
}

async function list(tx: Tx, { onlyOf }: Visibility, page: Page): Promise<Paged<KeySummary>> {
  const { after, limit } = page;
  const keys = await listKeys(tx, { after, limit: limit + 1, onlyOf });
  return pageOf(keys.map(summaryOf), limit, ({ address }) => address);
}

const summaryOf = (key: KeyRecord): KeySummary => ({ ...key });

async function get(
  tx: Tx,
  { chips }: KeysContext,
  name: string,
  { onlyOf }: Visibility,
): Promise<KeyAnswer | undefined> {
  const key = await findKeyNamed(tx, name);
  if (key === undefined || (onlyOf !== undefined && !(await concerns(tx, key, onlyOf)))) {
    return undefined;
  }
  const holders: KeyHolder[] = [];
  for (const shard of await shardsOf(tx, key)) holders.push(await holderOf(tx, chips, shard));
  return { ...summaryOf(key), holders, grants: await grantsOf(tx, key) };
}

async function holderOf(
  tx: Tx,
  chips: KeysContext['chips'],
  shard: ShardRecord,
): Promise<KeyHolder> {
  const chip = await chips.find(tx, shard.se_id);
  if (chip === undefined) throw new Error('a shard on a chip that is not in the registry');
  return {
    part_index: shard.part_index,
    username: shard.username,
    se_id: shard.se_id,
    chip_label: chip.label,
    chip_state: chip.state,
    record_state: shard.record,
  };
}

async function grant(tx: Tx, context: KeysContext, request: GrantOrder): Promise<boolean> {
  const key = await findKeyNamed(tx, request.key);
  if (key === undefined) return false;
  const { actor, username } = request;
  const at = context.clock.now();
  await insertGrant(tx, key, { username, by: actor, at });
  await audit(tx, context, { action: 'key.grant', key, request, at });
  return true;
}

async function revoke(tx: Tx, context: KeysContext, request: GrantOrder): Promise<boolean> {
  const key = await findKeyNamed(tx, request.key);
  if (key === undefined || !(await deleteGrant(tx, key, request.username))) return false;
  const at = context.clock.now();
  await audit(tx, context, { action: 'key.revoke', key, request, at });
  await context.onRevoked(tx, key, at);
  return true;
}

interface Change {
  readonly action: 'key.grant' | 'key.revoke';
  readonly key: KeyRecord;
  readonly request: GrantOrder;
  readonly at: number;
}

function audit(tx: Tx, context: KeysContext, { action, key, request, at }: Change): Promise<void> {
  const { actor, username } = request;
  const details = { username };
  return context.audit.append(tx, {
    at,
    actor,
    action,
    subject: key.address,
    outcome: 'ok',
    details,
  });
}
