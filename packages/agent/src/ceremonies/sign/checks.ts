/**
 * Judges an invitation to sign by the agent's own record of the key alone.
 */
import {
  checkDigest,
  digestOf,
  equalBytes,
  fromHex,
  IntentError,
  type Payload,
  parsePayload,
  toHex,
} from '@quorate/intent';
import type { InviteOf } from '@quorate/wire';
import type { ExpectedKeyshare } from '../../protocol/frames.ts';
import { bannedIndexes, type Holder, type KeyRecord, keyTagOf } from '../../records/keyRecord.ts';
import type { CeremonyContext } from '../context.ts';
import { checkChipName } from '../checks.ts';
import { Refusal, refuseUnless, SIGNS_NO_MORE } from '../refusal.ts';

/** An invitation that was checked. */
export interface Agreement {
  readonly key: KeyRecord;
  readonly signers: readonly Holder[];
  readonly digest: Uint8Array;
  readonly payload: Payload | null;
}

/** Checks an invitation against this agent's own record of the key, and recomputes the digest. */
export function checkSignInvite(context: CeremonyContext, invite: InviteOf<'sign'>): Agreement {
  const key = context.state.keys.findByAddress(invite.address);
  refuseUnless(key !== undefined, 'unknown_key', 'we hold no share of this address');
  checkUsable(context, key);
  refuseUnless(!isDestroyed(key), 'key_destroyed', 'the key signs nothing any more');
  refuseUnless(key.state !== 'rolled_back', 'state_rolled_back', SIGNS_NO_MORE);
  refuseUnless(key.state === 'active', 'unknown_key', 'the key generation is not complete');
  const sameKey =
    invite.threshold === key.threshold &&
    invite.total_parts === key.total_parts &&
    invite.part_index === key.part_index;
  refuseUnless(sameKey, 'invalid_invite', 'not the threshold, size or index of the key');
  checkChipName(context, invite.se_id);
  const signers = findSigners(context, key, invite.participants);
  checkBans(context, key.key_id, signers);
  const digest = fromHex(invite.data, 32);
  refuseUnless(isSignable(digest), 'zero_digest', 'the digest is zero modulo the group order');
  return { key, signers, digest, payload: checkPayload(invite.payload, digest) };
}

function isSignable(digest: Uint8Array): boolean {
  try {
    checkDigest(digest);
    return true;
  } catch (error) {
    if (error instanceof IntentError) return false;
    throw error;
  }
}

/** Refuses a key with a ban that is not on disk: a restart would lift it. */
function checkUsable(context: CeremonyContext, key: KeyRecord): void {
  const usable = !context.state.keys.isStopped(key.key_id);
  refuseUnless(usable, 'key_stopped', 'this agent cannot write its state');
}

/** Whether everybody has consented to its destruction: such a key signs nothing, whatever a coordinator says. */
function isDestroyed({ state }: KeyRecord): boolean {
  return state === 'destroying' || state === 'destroyed';
}

function findSigners(
  context: CeremonyContext,
  key: KeyRecord,
  participants: readonly string[],
): readonly Holder[] {
  const names = participants.map((name) => name.normalize('NFC'));
  refuseUnless(new Set(names).size === names.length, 'invalid_invite', 'a person twice');
  refuseUnless(names.length >= key.threshold, 'invalid_invite', 'fewer than the threshold');
  refuseUnless(names.includes(context.username), 'invalid_invite', 'we are not invited');
  const signers = names.map((name) => {
    const holder = key.holders.find((one) => one.username === name);
    refuseUnless(holder !== undefined, 'invalid_invite', `${name} holds no share of this key`);
    return holder;
  });
  const sorted = signers.toSorted((a, b) => a.part_index - b.part_index);
  const own = sorted.find((holder) => holder.part_index === key.part_index);
  const ours = own?.chip_public_key === toHex(context.chip.publicKey);
  refuseUnless(ours, 'chip_mismatch', 'our chip is not the pinned one');
  return sorted;
}

/** Reads the bans anew: they may have come after the invitation. */
export function checkBans(
  context: CeremonyContext,
  keyId: string,
  signers: readonly Holder[],
): readonly number[] {
  const record = context.state.keys.find(keyId);
  refuseUnless(record?.state === 'active', 'state_rolled_back', SIGNS_NO_MORE);
  checkUsable(context, record);
  const bans = bannedIndexes(record);
  const banned = signers.filter((holder) => bans.includes(holder.part_index));
  refuseUnless(
    banned.length === 0,
    'pair_banned',
    `part ${banned.map((holder) => holder.part_index).join(', ')}, for the life of the key`,
  );
  return bans;
}

/** Refuses a payload that does not hash to the digest: nobody sees one thing and signs another (N-7). */
function checkPayload(value: unknown, digest: Uint8Array): Payload | null {
  if (value === undefined || value === null) return null;
  let payload: Payload;
  try {
    payload = parsePayload(value);
  } catch {
    throw new Refusal('invalid_payload', 'the payload is not valid');
  }
  const same = equalBytes(digestOf(payload), digest);
  refuseUnless(same, 'payload_mismatch', 'the payload does not hash to the data');
  return payload;
}

/** The facts that the keyshare inside the shard must match. */
export function expectedKeyshare(key: KeyRecord): ExpectedKeyshare {
  return {
    algorithm: key.algorithm,
    publicKey: fromHex(key.public_key),
    keyTag: keyTagOf(key),
    keyId: fromHex(key.key_id),
    recordId: fromHex(key.record_id),
    threshold: key.threshold,
    parties: key.total_parts,
    epoch: key.epoch,
  };
}
