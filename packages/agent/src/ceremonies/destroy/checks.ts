/**
 * What a participant checks before it consents to the destruction of a key, and before it deletes anything:
 * from its own record of the key alone (docs/spec/destroy.md §3).
 */
import {
  type DeletedRecord,
  destroyPartsHash,
  destroyReasonHash,
  equalBytes,
  fromBase64,
  fromHex,
  parseAddress,
  sessionHash,
  toHex,
} from '@quorate/intent';
import type { DestroyInvite, DestroyParams } from '@quorate/wire';
import { readJournal } from '../../replacement/journal.ts';
import type { Holder, KeyDestruction, KeyRecord } from '../../records/keyRecords.ts';
import { certifySession, hashIntent } from '../certificates.ts';
import type { CeremonyContext } from '../context.ts';
import { checkChipName } from '../keygen/ceremony.ts';
import { refuseUnless } from '../refusal.ts';

/** What is agreed to. */
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
  invite: DestroyInvite,
): DestroyAgreement {
  const key = context.state.keys.find(invite.address);
  refuseUnless(key !== undefined, 'unknown_key', 'we hold no share of this address');
  const live = key.state === 'active' || key.state === 'rolled_back';
  refuseUnless(live, 'wrong_state', `the key is ${key.state} here`);
  const sameKey =
    invite.threshold === key.threshold &&
    invite.total_parts === key.total_parts &&
    invite.part_index === key.part_index;
  refuseUnless(sameKey, 'invalid_invite', 'not the threshold, size or index of the key');
  // Only the opener of one chip would be deleted, and the other's ciphertext is in the journal.
  const moving = readJournal(context.state.directory)?.shards[key.address.toLowerCase()];
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
  // A part of the holders must not be talked into weakening a key that the others can still use.
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

/** Who holds the key as it was consented to: a roster that came later changes nothing about that. */
const holdersAt = (key: KeyRecord, consent: Pick<KeyDestruction, 'holders'>): readonly Holder[] =>
  consent.holders ?? key.holders;

/** The hash of what every party of the destruction consents to. */
export function destroyIntent(
  key: KeyRecord,
  consent: Pick<KeyDestruction, 'session_key' | 'reason' | 'parties' | 'holders'>,
): Uint8Array {
  const holders = holdersAt(key, consent);
  return hashIntent(
    {
      sessionKey: consent.session_key,
      keyId: fromHex(key.key_id),
      epoch: key.epoch,
      threshold: key.threshold,
      signers: holders.map(({ part_index }) => part_index).toSorted((a, b) => a - b),
      path: [],
      digest: destroyReasonHash(consent.reason),
      payloadHash: destroyPartsHash(consent.parties),
      address: key.address,
    },
    holders,
  );
}

/**
 * Checks that the parameters are those that were consented to, and that every other party's chip has signed
 * the same. No clock is asked: the coordinator can go back no more, and a consent names this session, its
 * reason and its parties, so that an old one fits nothing else.
 */
export function checkDestroyParams(
  key: KeyRecord,
  consent: KeyDestruction,
  params: DestroyParams,
): void {
  const same =
    params.part_index === key.part_index &&
    params.parties === consent.parties.join(',') &&
    params.address.toLowerCase() === key.address.toLowerCase() &&
    params.record_id === key.record_id &&
    equalBytes(fromHex(params.reason_hash, 32), destroyReasonHash(consent.reason));
  refuseUnless(same, 'parameters_changed', 'other parameters than were consented to');
  certifySession(params.peers, {
    operation: 'destroy',
    sessionKey: consent.session_key,
    intentHash: destroyIntent(key, consent),
    signers: holdersAt(key, consent).filter(({ part_index }) =>
      consent.parties.includes(part_index),
    ),
    own: { index: key.part_index, certificate: fromBase64(consent.certificate) },
    now: undefined,
  });
}

/** The payload that our chip signed: shown to it again after a reset. */
export function payloadOf(consent: KeyDestruction): Uint8Array {
  return fromBase64(consent.certificate).subarray(0, 171);
}

/** The record of ours that is deleted, as our receipt names it. */
export function deletedRecord(
  key: KeyRecord,
  consent: KeyDestruction,
  chipPublicKey: Uint8Array,
): DeletedRecord {
  return {
    sessionKey: consent.session_key,
    partIndex: key.part_index,
    sessionHash: sessionHash(chipPublicKey, payloadOf(consent)),
    keyId: fromHex(key.key_id),
    epoch: key.epoch,
    recordId: fromHex(key.record_id),
    address: parseAddress(key.address),
    reasonHash: destroyReasonHash(consent.reason),
  };
}
