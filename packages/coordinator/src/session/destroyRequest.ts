/** A request to destroy a key, checked: every holder takes part, except those whose chips are gone. */
import { destroyPartsHash, destroyReasonHash, toHex } from '@quorate/intent';
import type { DestroyRequest } from '@quorate/wire';
import type { User } from '../auth/index.ts';
import { movingShardOf } from '../replacement/store.ts';
import type { Tx } from '../store/database.ts';
import { findKeyOfAddress, normalAddress, type ShardRecord, shardsOf } from '../keys/index.ts';
import { type Refusal, refuse } from './refusal.ts';
import {
  type Asker,
  distinct,
  holdersOf,
  inactive,
  keyMismatch,
  type RequestContext,
} from './requests.ts';
import { mayDestroy, mayParticipate } from './rights.ts';
import type { Requested } from './events.ts';
import type { Absent, Party } from './types.ts';

/** Checks a request for the destruction of a key (docs/spec/destroy.md §2). */
export async function openDestroy(
  tx: Tx,
  context: RequestContext,
  asker: Asker & { readonly user: User },
  request: DestroyRequest,
): Promise<Requested | Refusal> {
  const address = normalAddress(request.address);
  if (address === undefined) return refuse('invalid_message', 'address: EIP-55 checksum is wrong');
  const key = await findKeyOfAddress(tx, address);
  if (key === undefined) return refuse('unknown_key', `no key of ${address}`);
  if (!mayDestroy(key, asker.user)) {
    return refuse('forbidden_key', `${address} was made by somebody else`);
  }
  const problem =
    keyMismatch(key, request) ??
    distinct(request.participants) ??
    (await otherDestruction(tx, address)) ??
    (await beingMoved(tx, address));
  if (problem !== undefined) return problem;
  const shards = await shardsOf(tx, key);
  const holders = await judge(tx, context, shards, request.participants);
  if ('code' in holders) return holders;
  const { parties, absent } = holders;
  if (absent.length >= key.threshold) {
    const most = `at most ${key.threshold - 1} of its chips may be lost or destroyed`;
    return refuse('too_many_absent', `${most}, ${absent.length} are: ${namesOf(absent)}`);
  }
  const indexes = parties.map(({ index }) => index).sort((a, b) => a - b);
  return {
    type: 'requested',
    kind: 'destroy',
    at: asker.at,
    sessionKey: request.session_key,
    coordinator: asker.username,
    threshold: key.threshold,
    totalParts: key.total_parts,
    parties,
    deadlines: context.deadlines,
    warnings: absent.map(({ username, chipState, seId }) => `${username}: ${seId} is ${chipState}`),
    target: {
      address,
      keyId: key.key_id,
      epoch: key.epoch,
      holders: holdersOf(shards),
      digest: toHex(destroyReasonHash(request.reason)),
      payloadHash: toHex(destroyPartsHash(indexes)),
      destruction: { reason: request.reason, absent },
    },
  };
}

/** Two destructions of one key at once would ask every holder twice. */
async function otherDestruction(tx: Tx, address: string): Promise<Refusal | undefined> {
  const other = await tx.get<{ session_key: string }>(
    "SELECT session_key FROM sessions WHERE kind = 'destroy' AND address = ? AND ended = 0",
    [address],
  );
  if (other === undefined) return undefined;
  return refuse('key_destroying', `session ${other.session_key} asks its holders already`);
}

/**
 * While a chip is replaced there are two openers and two ciphertexts of a shard: only one of each would go.
 * The other way round a replacement moves no shard of a key that an open session asks to destroy.
 */
async function beingMoved(tx: Tx, address: string): Promise<Refusal | undefined> {
  const moving = await movingShardOf(tx, address);
  if (moving === undefined) return undefined;
  const remedy = 'it has to be finished or cancelled first';
  return refuse('replacement_busy', `${moving.username} moves a shard to a new chip: ${remedy}`);
}

interface Judged {
  readonly parties: Party[];
  readonly absent: Absent[];
}

/** Splits the holders into those who take part and those whose chips are gone; the request must say the same. */
async function judge(
  tx: Tx,
  context: RequestContext,
  shards: readonly ShardRecord[],
  participants: readonly string[],
): Promise<Judged | Refusal> {
  const stranger = participants.find((name) => !shards.some(({ username }) => username === name));
  if (stranger !== undefined) {
    return refuse('not_a_holder', `${stranger} holds no shard of this key`);
  }
  const judged: Judged = { parties: [], absent: [] };
  for (const shard of shards) {
    const { username, se_id: seId, part_index: index } = shard;
    const chip = await context.chips.find(tx, seId);
    const named = participants.includes(username);
    if (chip?.state === 'lost' || chip?.state === 'destroyed') {
      if (named) return inactive(username, seId, chip);
      judged.absent.push({ index, username, seId, chipState: chip.state });
      continue;
    }
    if (!named) {
      const remedy = `while the chip ${seId} is not marked lost or destroyed`;
      return refuse('invalid_participants', `${username} has to take part, ${remedy}`);
    }
    if (chip?.state !== 'active' || chip.username !== username) {
      return inactive(username, seId, chip);
    }
    if (!mayParticipate(await context.users.find(tx, username))) {
      return refuse('invalid_participants', `${username} is no active participant`);
    }
    judged.parties.push(partyOf(shard));
  }
  return judged;
}

function partyOf(shard: ShardRecord): Party {
  return {
    index: shard.part_index,
    username: shard.username,
    seId: shard.se_id,
    cpic: shard.cpic,
    chipPublicKey: shard.chip_public_key,
    recordId: shard.record_id,
  };
}

const namesOf = (absent: readonly Absent[]): string =>
  absent.map(({ username, seId }) => `${seId} of ${username}`).join(', ');
