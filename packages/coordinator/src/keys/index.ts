/** Keys, their shards, their grants, and records without a key: the only writer of those tables. */
export { recordsOn } from './capacity.ts';
export { ciphertextHash } from './ciphertexts.ts';
export { beginDestruction, completeDestruction, noteReceipt } from './destruction.ts';
export { mayUse } from './grants.ts';
export {
  insertKey,
  findKey,
  findKeyOfAddress,
  type KeyRecord,
  type NewKey,
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
  makersAtWork,
  currentOn,
  deleteRetired,
  gaveReceipt,
  hadShard,
  isLiveRecord,
  keysOwingReceipt,
  retiredBy,
  type Seat,
  sealedShardOf,
  type ShardRecord,
  shardsOf,
} from './shards.ts';
export {
  type Maker,
  discardStaged,
  type NewShard,
  stagedBy,
  stageShard,
  switchStaged,
} from './staging.ts';
export { type Keys, keysView } from './view.ts';
