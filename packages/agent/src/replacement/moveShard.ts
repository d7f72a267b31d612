/** Moves one shard: opens it with the old chip, seals it for the new one, proves that one can read it (docs/spec/replace.md §3.3). */
import {
  type Chip,
  HolderError,
  isAbsent,
  isHolderError,
  openShard,
  type ReleaseCounter,
  type Releases,
  sealShard,
  type ShardIdentity,
} from '@quorate/holder';
import { createHash } from 'node:crypto';
import { equalBytes, fromBase64, fromHex, toHex } from '@quorate/intent';
import { SecureElementError } from '@quorate/secure-element';
import { AgentError } from '../errors.ts';
import { type KeyRecord, keyTagOf } from '../records/keyRecord.ts';
import type { AgentState } from '../records/state.ts';
import type { JournalShard } from './journal.ts';
import { askForOpener, renewing, type Work } from './work.ts';

/** The two chips. */
export interface Chips {
  readonly old: Chip;
  readonly fresh: Chip;
}

/** Brings the coordinator a ciphertext that this agent has seen the new chip open. */
export async function moveShard(work: Work, chips: Chips, key: KeyRecord): Promise<void> {
  const begun = work.shard(key.key_id);
  const ready = begun !== undefined && (await opensAlready(work, chips, key));
  if (!ready) await reseal(work, chips, key);
  const shard = work.shard(key.key_id);
  if (shard === undefined) throw new TypeError('unreachable: a sealed shard without a ciphertext');
  work.noteShard(key.key_id, { ...shard, proven: true });
  const hash = hashOf(shard);
  const { text } = await work.certify(chips.fresh, 'seal', key, hash);
  const seal = { encrypted_shard: shard.encrypted_shard, certificate: text };
  await work.service.seal(work.id, key.address, seal);
}

/**
 * Whether the coordinator keeps exactly the ciphertext that this agent has seen the new chip open. A journal alone
 * says little: this agent writes it before STORE, and may have given the ciphertext of another attempt.
 */
export function isProven(work: Work, keyId: string, sealedHash: string | undefined): boolean {
  const shard = work.shard(keyId);
  if (shard === undefined || sealedHash === undefined || !shard.proven) return false;
  return sealedHash === toHex(hashOf(shard));
}

function hashOf({ encrypted_shard }: JournalShard): Uint8Array {
  return new Uint8Array(createHash('sha256').update(fromBase64(encrypted_shard)).digest());
}

/**
 * Tells after a crash whether the chip did STORE, and for the ciphertext of the journal. A record of another
 * attempt shows by its secret or by its release count; this agent deletes it before it seals the shard again.
 */
async function opensAlready(work: Work, chips: Chips, key: KeyRecord): Promise<boolean> {
  try {
    (await prove(work, chips.fresh, key)).fill(0);
    return true;
  } catch (error) {
    const another =
      isHolderError(error, 'shard/tampered') || isHolderError(error, 'chip/rolled-back');
    if (isAbsent(error) || another) return false;
    throw error;
  }
}

async function reseal(work: Work, chips: Chips, key: KeyRecord): Promise<void> {
  const keyshare = await openOld(work, chips, key);
  try {
    const { encryptedShard, opener } = sealShard(keyshare, identityOf(key));
    try {
      work.noteShard(key.key_id, {
        encrypted_shard: Buffer.from(encryptedShard).toString('base64'),
        releases: { confirmed: 0, outstanding: 0 },
        proven: false,
      });
      await storeNew(work, chips.fresh, key, opener);
    } finally {
      opener.fill(0);
    }
    const proven = await prove(work, chips.fresh, key);
    const same = equalBytes(proven, keyshare);
    proven.fill(0);
    if (!same) throw new HolderError('shard/tampered', 'the new chip opens another shard');
  } finally {
    keyshare.fill(0);
  }
}

async function openOld(work: Work, { old, fresh }: Chips, key: KeyRecord): Promise<Uint8Array> {
  return renewing(async () => {
    const certificate = await work.certify(old, 'release', key);
    const { text: new_certificate } = await work.certify(fresh, 'release', key);
    const challenge = await old.challenge();
    const answer = await work.service.authorise(work.id, key.address, {
      step: 'release',
      certificate: certificate.text,
      new_certificate,
      chip_challenge: Buffer.from(challenge).toString('base64'),
    });
    if (answer.encrypted_shard === undefined) {
      throw new AgentError('replace/refused', 'the coordinator gave no ciphertext');
    }
    const request = {
      recordId: fromHex(key.record_id),
      address: keyTagOf(key),
      sessionHash: certificate.sessionHash,
      digest: certificate.intent,
      challenge,
      signature: fromBase64(answer.signature),
    };
    const { keys } = work.state;
    const opener = await askForOpener(old, request, countOld(work.state, key.key_id), () => {
      keys.update(key.key_id, (record) => ({ ...record, state: 'rolled_back' }));
    });
    try {
      return openShard(fromBase64(answer.encrypted_shard), opener, identityOf(key));
    } finally {
      opener.fill(0);
    }
  });
}

/** Deletes a record of an attempt whose journal is gone: it opens nothing that anybody has. */
async function storeNew(
  work: Work,
  fresh: Chip,
  key: KeyRecord,
  opener: Uint8Array,
): Promise<void> {
  const store = (): Promise<void> => fresh.store(fromHex(key.record_id), keyTagOf(key), opener);
  try {
    await store();
  } catch (error) {
    const taken = error instanceof SecureElementError && error.code === 'record-exists';
    if (!taken) throw error;
    await discard(work, fresh, key);
    await store();
  }
}

async function discard(work: Work, fresh: Chip, key: KeyRecord): Promise<void> {
  await renewing(async () => {
    const { access, intent } = await authorise(work, fresh, 'discard', key);
    await fresh.delete({ ...access, reasonHash: intent });
  });
}

/** Has the new chip authorised to delete or read a record, over a fresh challenge. */
async function authorise(work: Work, fresh: Chip, step: 'discard' | 'prove', key: KeyRecord) {
  const certificate = await work.certify(fresh, step, key);
  const challenge = await fresh.challenge();
  const { signature } = await work.service.authorise(work.id, key.address, {
    step,
    certificate: certificate.text,
    chip_challenge: Buffer.from(challenge).toString('base64'),
  });
  const access = {
    recordId: fromHex(key.record_id),
    address: keyTagOf(key),
    sessionHash: certificate.sessionHash,
    challenge,
    signature: fromBase64(signature),
  };
  return { access, intent: certificate.intent };
}

/** Reads the new chip's opener and opens the journal's ciphertext; the caller wipes the keyshare. */
async function prove(work: Work, fresh: Chip, key: KeyRecord): Promise<Uint8Array> {
  return renewing(async () => {
    const { access, intent } = await authorise(work, fresh, 'prove', key);
    const request = { ...access, digest: intent };
    const counter = countNew(work, key.key_id);
    const opener = await askForOpener(fresh, request, counter, () => undefined);
    try {
      const shard = work.shard(key.key_id);
      if (shard === undefined) throw new TypeError('unreachable: nothing to prove');
      return openShard(fromBase64(shard.encrypted_shard), opener, identityOf(key));
    } finally {
      opener.fill(0);
    }
  });
}

function countOld({ keys }: AgentState, keyId: string): ReleaseCounter {
  const found = (): KeyRecord => {
    const record = keys.find(keyId);
    if (record === undefined) throw new TypeError('unreachable: a key that is gone');
    return record;
  };
  return {
    read: () => found().releases,
    write: (releases) => keys.count(keyId, releases),
    confirm: (releases) => keys.noteCount(keyId, releases),
  };
}

function countNew(work: Work, keyId: string): ReleaseCounter {
  const found = (): NonNullable<ReturnType<Work['shard']>> => {
    const shard = work.shard(keyId);
    if (shard === undefined) throw new TypeError('unreachable: a shard that is not in the journal');
    return shard;
  };
  const write = (releases: Releases): void => {
    work.noteShard(keyId, { ...found(), releases });
  };
  return { read: () => found().releases, write, confirm: write };
}

function identityOf(key: KeyRecord): ShardIdentity {
  return {
    publicKey: fromHex(key.public_key),
    address: keyTagOf(key),
    partIndex: key.part_index,
    epoch: key.epoch,
    recordId: fromHex(key.record_id),
  };
}
