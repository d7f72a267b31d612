/** A coordinator's request, checked against users, chips and keys: an opened session, or a refusal. */
import { type KeygenRequest, type Language, type SignRequest, textOf } from '@quorate/wire';
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
import type { Users } from '../auth/index.ts';
import type { Chip, Chips } from '../chips/index.ts';
import type { Tx } from '../store/database.ts';
import { fullness } from './chipRoom.ts';
import {
  findKeyOfAddress,
  type KeyRecord,
  mayUse,
  normalAddress,
  type ShardRecord,
  shardsOf,
} from '../keys/index.ts';
import { type Refusal, refuse } from './refusal.ts';
import { mayParticipate } from './rights.ts';
import type { Requested } from './events.ts';
import type { Deadlines, Party, SignTarget } from './types.ts';

/** What a request is checked against. */
export interface RequestContext {
  readonly users: Users;
  readonly chips: Chips;
  readonly deadlines: Deadlines;
  readonly language: Language;
}

/** Who asks, and when. */
export interface Asker {
  readonly username: string;
  readonly at: number;
}

/** Checks a request for a key (docs/spec/wire.md §5). */
export async function openKeygen(
  tx: Tx,
  context: RequestContext,
  asker: Asker,
  request: KeygenRequest,
): Promise<Requested | Refusal> {
  const { threshold, total_parts: totalParts, participants } = request;
  if (threshold > totalParts) {
    return refuse('invalid_threshold', `threshold ${threshold} not in 2..${totalParts}`);
  }
  if (participants.length !== totalParts) {
    const got = `got ${participants.length}`;
    return refuse('invalid_participants', `total_parts is ${totalParts}, ${got} participants`);
  }
  const problem = distinct(participants);
  if (problem !== undefined) return problem;
  const parties: Party[] = [];
  for (const [at, username] of participants.entries()) {
    const chip = await activeChip(tx, context, username);
    if ('code' in chip) return chip;
    parties.push(partyOf(at + 1, username, chip));
  }
  const shared = sharedChip(parties);
  if (shared !== undefined) return shared;
  const low = threshold * 2 < totalParts;
  return {
    type: 'requested',
    kind: 'keygen',
    at: asker.at,
    sessionKey: request.session_key,
    coordinator: asker.username,
    threshold,
    totalParts,
    parties,
    deadlines: context.deadlines,
    warnings: low ? [textOf('low_threshold', context.language)] : [],
  };
}

/** Checks a request for a signature (docs/spec/wire.md §6). */
export async function openSign(
  tx: Tx,
  context: RequestContext,
  asker: Asker,
  request: SignRequest,
): Promise<Requested | Refusal> {
  const address = normalAddress(request.address);
  if (address === undefined) return refuse('invalid_message', 'address: EIP-55 checksum is wrong');
  const key = await findKeyOfAddress(tx, address);
  if (key === undefined) return refuse('unknown_key', `no key of ${address}`);
  if (!(await mayUse(tx, key, asker.username))) {
    return refuse('forbidden_key', `${address} was neither made by nor granted to you`);
  }
  const mismatch = keyMismatch(key, request) ?? distinct(request.participants);
  if (mismatch !== undefined) return mismatch;
  const target = targetOf(request);
  if ('code' in target) return target;
  const shards = await shardsOf(tx, key);
  const parties = await signersAmong(tx, context, shards, request.participants);
  if ('code' in parties) return parties;
  if (parties.length < key.threshold) {
    const expected = `at least ${key.threshold} holders`;
    return refuse('invalid_threshold', `expected ${expected}, got ${parties.length}`);
  }
  return {
    type: 'requested',
    kind: 'sign',
    at: asker.at,
    sessionKey: request.session_key,
    coordinator: asker.username,
    threshold: key.threshold,
    totalParts: key.total_parts,
    parties,
    deadlines: context.deadlines,
    warnings: [],
    rules: 2,
    target: { ...target, address, keyId: key.key_id, epoch: key.epoch, holders: holdersOf(shards) },
  };
}

/** Refuses a key that is being destroyed, or was. */
function unusable({ state, address }: KeyRecord): Refusal | undefined {
  if (state === 'active') return undefined;
  return refuse(`key_${state}`, `${address} signs nothing any more`);
}

/** Refuses a request that does not fit its key, or whose key is no longer in use. */
export function keyMismatch(
  key: KeyRecord,
  request: Pick<SignRequest, 'threshold' | 'total_parts'>,
): Refusal | undefined {
  const gone = unusable(key);
  if (gone !== undefined) return gone;
  if (request.threshold !== key.threshold) {
    return refuse('key_mismatch', `threshold is ${key.threshold}, not ${request.threshold}`);
  }
  if (request.total_parts !== key.total_parts) {
    return refuse('key_mismatch', `total_parts is ${key.total_parts}, not ${request.total_parts}`);
  }
  return undefined;
}

type Digested = Pick<SignTarget, 'digest' | 'payload' | 'payloadHash' | 'display'>;

/** The digest to be signed; a payload must be what it is the digest of. */
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
    if (!equalBytes(digestOf(payload), digest)) {
      return refuse('digest_mismatch', `payload hashes to ${toHex(digestOf(payload))}`);
    }
    const hash = toHex(payloadHash(payload));
    return { digest: toHex(digest), payload: request.payload, payloadHash: hash, ...display };
  } catch (error) {
    if (error instanceof IntentError)
      return refuse('invalid_payload', `payload: ${error.expected}`);
    throw error;
  }
}

/** The shards that sign: index and chip are those stored with the shard, wherever the name stands. */
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
      return refuse('invalid_participants', `${username} is no active participant`);
    }
    const chip = await context.chips.find(tx, shard.se_id);
    if (chip?.state !== 'active' || chip.username !== username) {
      return inactive(username, shard.se_id, chip);
    }
    parties.push({
      index: shard.part_index,
      username,
      seId: shard.se_id,
      cpic: shard.cpic,
      chipPublicKey: shard.chip_public_key,
    });
  }
  return parties;
}

/** All holders of a key as an intent names them. */
export const holdersOf = (shards: readonly ShardRecord[]): SignTarget['holders'] =>
  shards.map((shard) => ({
    index: shard.part_index,
    username: shard.username,
    chipPublicKey: shard.chip_public_key,
  }));

/** Refuses a list that names somebody twice. */
export function distinct(participants: readonly string[]): Refusal | undefined {
  const twice = participants.find((name, at) => participants.indexOf(name) !== at);
  if (twice === undefined) return undefined;
  return refuse('invalid_participants', `${twice} is named twice`);
}

async function activeChip(
  tx: Tx,
  context: RequestContext,
  username: string,
): Promise<Chip | Refusal> {
  const user = await context.users.find(tx, username);
  if (!mayParticipate(user)) {
    return refuse('invalid_participants', `${username} is no active participant`);
  }
  const chip = await context.chips.activeChipOf(tx, username);
  if (chip === undefined) {
    const known = await context.chips.latestChipOf(tx, username);
    if (known !== undefined) return inactive(username, known.seId, known);
    return refuse('chip_unavailable', `${username} has no active chip: none is registered`);
  }
  const full = await fullness(tx, chip);
  return full === undefined ? chip : refuse('chip_full', full);
}

/** Names a chip that takes part in nothing new, its holder and its state. */
export function inactive(username: string, seId: string, chip: Chip | undefined): Refusal {
  const state = chip === undefined || chip.username !== username ? 'unknown' : chip.state;
  return refuse('chip_unavailable', `the chip ${seId} of ${username} is ${state}`);
}

/** One chip never holds two shards of one key (1.9.14), whatever the registry says of names. */
function sharedChip(parties: readonly Party[]): Refusal | undefined {
  const twice = parties.find((party, at) =>
    parties
      .slice(0, at)
      .some((other) => other.seId === party.seId || other.chipPublicKey === party.chipPublicKey),
  );
  if (twice === undefined) return undefined;
  const details = `the chip ${twice.seId} would hold two shards of one key`;
  return refuse('invalid_participants', details);
}

function partyOf(index: number, username: string, chip: Chip): Party {
  return {
    index,
    username,
    seId: chip.seId,
    cpic: chip.cpic.toLowerCase(),
    chipPublicKey: toHex(chip.publicKey),
  };
}
