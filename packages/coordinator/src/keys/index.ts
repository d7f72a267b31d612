/** Keys, their shards, who may use them, and records without a key: the only writer of those tables. */
export { recordsOn } from './capacity.ts';
export { beginDestruction, completeDestruction, noteReceipt } from './destruction.ts';
export { mayUse } from './grants.ts';
export {
  createKey,
  findKey,
  findKeyOfAddress,
  type KeyRecord,
  type NewKey,
  type NewShard,
  normalAddress,
} from './keys.ts';
export {
  deleteOrphan,
  findOrphan,
  hasOrphan,
  insertOrphan,
  type Orphan,
  orphansOf,
} from './orphans.ts';
export {
  isLiveRecord,
  keysOwingReceipt,
  type Seat,
  sealedShardOf,
  type ShardRecord,
  shardsOf,
} from './shards.ts';
export { type Keys, keysView } from './view.ts';
