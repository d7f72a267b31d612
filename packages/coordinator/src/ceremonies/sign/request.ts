/** Checks a request for a signature against its key and the holders (docs/spec/wire.md §6). */
import type { SignRequest } from '@quorate/wire';
import {
  checkDigest,
  digestOf,
  equalBytes,
  fromHex,
  IntentError,
  parsePayload,
  payloadHash,
  toHex,
} from '@quorate/intent';
import { mayUse, type ShardRecord, shardsOf } from '../../keys/index.ts';
import type { Asker, RequestContext } from '../../session/ceremony.ts';
import { type Refusal, refuse } from '../../session/refusal.ts';
import { mayParticipate } from '../../session/rights.ts';
import type { Party } from '../../session/types.ts';
import type { Tx } from '../../store/database.ts';
import { askedFor } from '../asked.ts';
import { inactive } from '../chips.ts';
import { holdersOf, partyOf, requestedKey } from '../target.ts';
import type { SignRequested, SignTarget } from './state.ts';

/** Checks a request for a signature. */
export async function open(
  tx: Tx,
  context: RequestContext,
  asker: Asker,
  request: SignRequest,
): Promise<SignRequested | Refusal> {
  const key = await requestedKey(tx, request, async (found) =>
    (await mayUse(tx, found, asker.username))
      ? undefined
      : 'was neither created by you nor granted to you',
  );
  if ('code' in key) return key;
  const target = targetOf(request);
  if ('code' in target) return target;
  const { address } = key;
  const shards = await shardsOf(tx, key);
  const parties = await signersAmong(tx, context, shards, request.participants);
  if ('code' in parties) return parties;
  if (parties.length < key.threshold) {
    const expected = `at least ${key.threshold} holders`;
    return refuse('invalid_threshold', `expected ${expected}, got ${parties.length}`);
  }
  return {
    ...askedFor(context, asker, request),
    kind: 'sign',
    parties,
    warnings: [],
    rules: 2,
    target: { ...target, address, keyId: key.key_id, epoch: key.epoch, holders: holdersOf(shards) },
  };
}

type Digested = Pick<SignTarget, 'digest' | 'payload' | 'payloadHash' | 'display'>;

/** The digest to sign; a payload must hash to it. */
function targetOf(request: SignRequest): Digested | Refusal {
  const digest = fromHex(request.data);
  const display = request.display === undefined ? {} : { display: request.display };
  try {
    checkDigest(digest);
  } catch (error) {
    if (error instanceof IntentError) return refuse('zero_digest', `data: ${error.expected}`);
    throw error;
  }
  if (request.payload === undefined) return { digest: toHex(digest), ...display };
  try {
    const payload = parsePayload(request.payload);
    // Once: for the largest typed data it takes longer than everything else about a request.
    const hashed = digestOf(payload);
    if (!equalBytes(hashed, digest)) {
      return refuse('digest_mismatch', `payload hashes to ${toHex(hashed)}`);
    }
    const hash = toHex(payloadHash(payload));
    return { digest: toHex(digest), payload: request.payload, payloadHash: hash, ...display };
  } catch (error) {
    if (error instanceof IntentError)
      return refuse('invalid_payload', `payload: ${error.expected}`);
    throw error;
  }
}

/**
 * The shards that sign: index and chip are those stored with the shard, wherever the name stands in the
 * request.
 */
async function signersAmong(
  tx: Tx,
  context: RequestContext,
  shards: readonly ShardRecord[],
  participants: readonly string[],
): Promise<Party[] | Refusal> {
  const parties: Party[] = [];
  for (const username of participants) {
    const shard = shards.find((held) => held.username === username);
    if (shard === undefined)
      return refuse('not_a_holder', `${username} holds no shard of this key`);
    const user = await context.users.find(tx, username);
    if (!mayParticipate(user)) {
      return refuse('invalid_participants', `${username} is not an active participant`);
    }
    const chip = await context.chips.find(tx, shard.se_id);
    if (chip?.state !== 'active' || chip.username !== username) {
      return inactive(username, shard.se_id, chip);
    }
    parties.push(partyOf(shard));
  }
  return parties;
}
