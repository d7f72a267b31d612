/** Checks a request to destroy a key: every holder takes part, except those whose chips are gone. */
import { destroyPartsHash, destroyReasonHash, toHex } from '@quorate/intent';
import type { DestroyRequest } from '@quorate/wire';
import { type ShardRecord, shardsOf } from '../../keys/index.ts';
import { movingShardOf } from '../../replacement/store.ts';
import { indexesOf } from '../../session/certificate.ts';
import type { Asker, RequestContext } from '../../session/ceremony.ts';
import { type Refusal, refuse } from '../../session/refusal.ts';
import { otherSession } from '../../session/repository.ts';
import { mayDestroy, mayParticipate } from '../../session/rights.ts';
import type { Tx } from '../../store/database.ts';
import { askedFor } from '../asked.ts';
import { inactive } from '../chips.ts';
import { holdersOf, partyOf, requestedKey } from '../target.ts';
import type { Absent, DestroyParty, DestroyRequested } from './state.ts';

/** Checks a request to destroy a key (docs/spec/destroy.md §2). */
export async function open(
  tx: Tx,
  context: RequestContext,
  asker: Asker,
  request: DestroyRequest,
): Promise<DestroyRequested | Refusal> {
  const key = await requestedKey(tx, request, async (found) =>
    mayDestroy(found, asker.user) ? undefined : 'was created by another user',
  );
  if ('code' in key) return key;
  const { address, key_id: keyId } = key;
  const problem = (await otherDestruction(tx, keyId)) ?? (await beingMoved(tx, keyId));
  if (problem !== undefined) return problem;
  const shards = await shardsOf(tx, key);
  const holders = await judge(tx, context, shards, request.participants);
  if ('code' in holders) return holders;
  const { parties, absent } = holders;
  if (absent.length >= key.threshold) {
    const most = `at most ${key.threshold - 1} of its chips may be lost or destroyed`;
    return refuse('too_many_absent', `${most}, ${absent.length} are: ${namesOf(absent)}`);
  }
  return {
    ...askedFor(context, asker, request),
    kind: 'destroy',
    parties,
    warnings: absent.map(({ username, chipState, seId }) => `${username}: ${seId} is ${chipState}`),
    target: {
      address,
      keyId,
      epoch: key.epoch,
      holders: holdersOf(shards),
      digest: toHex(destroyReasonHash(request.reason)),
      payloadHash: toHex(destroyPartsHash(indexesOf(parties))),
      destruction: { reason: request.reason, absent },
    },
  };
}

/** Two destructions of one key at once would ask every holder twice. */
async function otherDestruction(tx: Tx, keyId: string): Promise<Refusal | undefined> {
  const other = await otherSession(tx, 'destroy', keyId);
  if (other === undefined) return undefined;
  return refuse('key_destroying', `session ${other} already asks its holders`);
}

/**
 * Refuses to destroy a key while one of its chips is being replaced: a shard then has two openers and two
 * ciphertexts, and only one of each would be deleted. In turn a replacement moves no shard of a key that an
 * open session asks to destroy.
 */
async function beingMoved(tx: Tx, keyId: string): Promise<Refusal | undefined> {
  const moving = await movingShardOf(tx, keyId);
  if (moving === undefined) return undefined;
  const remedy = 'finish or cancel that replacement first';
  return refuse('replacement_busy', `${moving.username} moves a shard to a new chip: ${remedy}`);
}

interface Judged {
  readonly parties: DestroyParty[];
  readonly absent: Absent[];
}

/** Splits the holders into those who take part and those whose chips are gone; the request must agree. */
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
      const remedy = `unless the chip ${seId} is marked lost or destroyed`;
      return refuse('invalid_participants', `${username} has to take part ${remedy}`);
    }
    if (chip?.state !== 'active' || chip.username !== username) {
      return inactive(username, seId, chip);
    }
    if (!mayParticipate(await context.users.find(tx, username))) {
      return refuse('invalid_participants', `${username} is not an active participant`);
    }
    judged.parties.push({ ...partyOf(shard), recordId: shard.record_id });
  }
  return judged;
}

const namesOf = (absent: readonly Absent[]): string =>
  absent.map(({ username, seId }) => `${seId} of ${username}`).join(', ');
