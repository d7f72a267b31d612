/**
 * Judges an invitation to destroy a key, and its parameters, by the agent's own record of the key alone
 * (docs/spec/destroy.md §3).
 */
import { destroyPartsHash, destroyReasonHash, equalBytes, fromHex, toHex } from '@quorate/intent';
import type { InviteOf, ParamsOf } from '@quorate/wire';
import { readJournal } from '../../replacement/journal.ts';
import {
  type Holder,
  isLabelOf,
  type KeyDestruction,
  type KeyRecord,
} from '../../records/keyRecord.ts';
import { hashIntent } from '../certificates.ts';
import type { CeremonyContext } from '../context.ts';
import { checkChipName } from '../checks.ts';
import { refuseUnless } from '../refusal.ts';

/** An invitation that was checked. */
export interface DestroyAgreement {
  readonly key: KeyRecord;
  /** Those who destroy their shards, in index order. */
  readonly parties: readonly Holder[];
  /** Those of whom the coordinator says that their chips are gone. */
  readonly absent: readonly Holder[];
}

/** Checks an invitation against this agent's own record of the key. */
export function checkDestroyInvite(
  context: CeremonyContext,
  invite: InviteOf<'destroy'>,
): DestroyAgreement {
  const key = context.state.keys.findByAddress(invite.address);
  refuseUnless(key !== undefined, 'unknown_key', 'we hold no share of this address');
  refuseUnless(isLive(key), 'wrong_state', `the key is ${key.state} here`);
  const sameKey =
    invite.threshold === key.threshold &&
    invite.total_parts === key.total_parts &&
    invite.part_index === key.part_index;
  refuseUnless(sameKey, 'invalid_invite', 'not the threshold, size or index of the key');
  // Only the opener of one chip would be deleted, and the other's ciphertext is in the journal.
  const moving = readJournal(context.state.directory)?.shards[key.key_id];
  refuseUnless(
    moving === undefined,
    'replacement_busy',
    'this shard moves to a new chip; finish that first: quorate chips replace',
  );
  checkChipName(context, invite.se_id);
  const names = invite.participants.map((name) => name.normalize('NFC'));
  refuseUnless(new Set(names).size === names.length, 'invalid_invite', 'a person twice');
  refuseUnless(names.includes(context.username), 'invalid_invite', 'we are not invited');
  const stranger = names.find((name) => !key.holders.some(({ username }) => username === name));
  refuseUnless(stranger === undefined, 'invalid_invite', `${stranger} holds no share of this key`);
  const sorted = key.holders.toSorted((a, b) => a.part_index - b.part_index);
  const parties = sorted.filter(({ username }) => names.includes(username));
  const absent = sorted.filter(({ username }) => !names.includes(username));
  // Nobody must talk a part of the holders into weakening a key that the others can still use.
  refuseUnless(
    absent.length < key.threshold,
    'too_many_absent',
    `${absent.length} holders are not asked, and ${key.threshold} can sign`,
  );
  const own = parties.find((holder) => holder.part_index === key.part_index);
  const ours = own?.chip_public_key === toHex(context.chip.publicKey);
  refuseUnless(ours, 'chip_mismatch', 'our chip is not the pinned one');
  return { key, parties, absent };
}

/** Whether the key can still be consented to be destroyed. */
export function isLive({ state }: KeyRecord): boolean {
  return state === 'active' || state === 'rolled_back';
}

/** The terms of a consent; a roster that is imported later does not change the holders. */
type Terms = Pick<KeyDestruction, 'session_key' | 'reason' | 'parties'> & {
  readonly holders: readonly Holder[];
};

/** Those who destroy their shards. */
export function partiesOf({ holders, parties }: Terms): readonly Holder[] {
  return holders.filter(({ part_index }) => parties.includes(part_index));
}

/** The hash of the terms that every party of the destruction consents to. */
export function destroyIntent(
  key: KeyRecord,
  { session_key, reason, parties, holders }: Terms,
): Uint8Array {
  return hashIntent(
    {
      sessionKey: session_key,
      keyId: fromHex(key.key_id),
      epoch: key.epoch,
      threshold: key.threshold,
      signers: holders.map(({ part_index }) => part_index).toSorted((a, b) => a - b),
      path: [],
      digest: destroyReasonHash(reason),
      payloadHash: destroyPartsHash(parties),
      address: key.address,
    },
    holders,
  );
}

/** Checks that the parameters are those of the consent; everybody's certificates are checked besides. */
export function checkDestroyParams(
  { destruction, ...key }: KeyRecord & { readonly destruction: KeyDestruction },
  params: ParamsOf<'destroy'>,
): void {
  const same =
    params.part_index === key.part_index &&
    params.parties === destruction.parties.join(',') &&
    isLabelOf(key, params.address) &&
    params.record_id === key.record_id &&
    equalBytes(fromHex(params.reason_hash, 32), destroyReasonHash(destruction.reason));
  refuseUnless(same, 'parameters_changed', 'other parameters than were consented to');
}
