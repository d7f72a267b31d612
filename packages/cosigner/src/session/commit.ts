/**
 * A new share becomes the key in two phases (D-10): both sides store it, P2 says so, P1
 * activates and says so, P2 activates. Until then the share is never used, and an older one stays.
 */
import { isAbsent, messageOf } from '@quorate/holder';
import { fromHex, parseAddress, toHex } from '@quorate/intent';
import { lockAfterRefresh } from '@quorate/tss/lindell17';
import { CosignerError } from '../errors.ts';
import { NO_RELEASES } from '../releases.ts';
import type { KeyRecord, StoredShare } from '../store/keyRecords.ts';
import type { RecordName } from '../vault.ts';
import type { NewShare } from '../worker/protocol.ts';
import type { Proposal, SessionContext } from './context.ts';
import { lockToOpen } from './keyState.ts';

/** Stores a share that the other side has not confirmed; the opener is wiped. */
export async function storeShare(
  context: SessionContext,
  proposal: Proposal,
  made: NewShare,
): Promise<void> {
  const { store, vault, index, own, now } = context;
  const share: StoredShare = {
    epoch: made.epoch,
    shard: Buffer.from(made.encryptedShard).toString('base64'),
    record_id: toHex(made.recordId),
    moduli: made.moduli.map((modulus) => modulus.toString(16)),
  };
  try {
    // Another set-up may have stored them since this one was shown those that were known (P-13).
    if (!store.keys.areNew(made.moduli)) {
      throw new CosignerError('aborted', 'a modulus has a factor of one that is in a key already');
    }
    if (proposal.keySessionId === null) {
      store.keys.add({
        session_id: proposal.id,
        state: 'pending',
        partner: proposal.partner.name,
        partner_identity: toHex(proposal.partner.identity),
        own_identity: toHex(own.identity),
        index,
        address: made.address,
        public_key: toHex(made.publicKey),
        key_id: toHex(made.keyId),
        paillier_bits: context.config.paillier_bits,
        share,
        releases: NO_RELEASES,
        rolled_back: false,
        lock: { state: 'none', reopened: 0, session_id: null, at: null },
        next: null,
        created_at: now(),
      });
    } else {
      const next = { session_id: proposal.id, share };
      store.keys.update(proposal.keySessionId, (record) => ({ ...record, next }));
    }
    await vault.keep({ recordId: made.recordId, address: parseAddress(made.address) }, made.opener);
  } finally {
    made.opener.fill(0);
  }
}

/** Makes a stored share the key; the older share is gone afterwards. */
export function activateShare(context: SessionContext, keySessionId: string): KeyRecord {
  const { keys } = context.store;
  const before = keys.find(keySessionId);
  if (before === undefined) throw new Error('unreachable: activation of no key');
  const { next } = before;
  if (next === null) return keys.update(keySessionId, (record) => ({ ...record, state: 'active' }));
  const older = nameOf(before, before.share);
  context.store.unwanted.add(older);
  const record = keys.update(keySessionId, (current) => ({
    ...current,
    share: next.share,
    next: null,
    releases: NO_RELEASES,
    rolled_back: false,
    lock:
      context.index === 1
        ? { ...lockAfterRefresh(lockToOpen(current)), session_id: null, at: null }
        : current.lock,
  }));
  deleteRecord(context, older);
  return record;
}

/** Discards a share that a session stored and nobody confirmed. */
export function discardShare(
  context: SessionContext,
  { id, keySessionId }: Pick<Proposal, 'id' | 'keySessionId'>,
): void {
  const { keys } = context.store;
  const record = keys.find(keySessionId ?? id);
  if (record === undefined) return;
  if (keySessionId === null) {
    if (record.state !== 'pending') return;
    const name = nameOf(record, record.share);
    context.store.unwanted.add(name);
    keys.remove(id);
    deleteRecord(context, name);
  } else if (record.next?.session_id === id) {
    const name = nameOf(record, record.next.share);
    context.store.unwanted.add(name);
    keys.update(keySessionId, (current) => ({ ...current, next: null }));
    deleteRecord(context, name);
  }
}

/** Retires a key for good: its shares are gone from the record, and then from the chip. */
export function retireKey(
  context: DeletingContext & Pick<SessionContext, 'now'>,
  keySessionId: string,
): KeyRecord {
  const { keys, unwanted } = context.store;
  const before = keys.find(keySessionId);
  if (before === undefined) throw new Error('unreachable: no key to retire');
  const shares = [before.share, ...(before.next === null ? [] : [before.next.share])];
  const names = shares.map((share) => nameOf(before, share));
  for (const name of names) unwanted.add(name);
  const record = keys.update(keySessionId, (current) => ({
    ...current,
    state: 'retired',
    share: { ...current.share, shard: '' },
    next: null,
    // The chip's count has nothing more to guard.
    releases: { ...current.releases, due: null },
    retired_at: context.now(),
  }));
  for (const name of names) deleteRecord(context, name);
  return record;
}

function nameOf(record: KeyRecord, share: StoredShare): RecordName {
  return { recordId: fromHex(share.record_id), address: parseAddress(record.address) };
}

/**
 * Records that the chip still had to delete when the process ended. A record that a key has again, or still,
 * stays: the process ended before the key let go of it.
 */
export function deleteLeftovers(context: DeletingContext): void {
  const { keys, unwanted } = context.store;
  const used = new Set(
    keys
      .list()
      .filter(({ state }) => state !== 'retired')
      .flatMap(({ share, next }) => [share.record_id, ...(next ? [next.share.record_id] : [])]),
  );
  for (const name of unwanted.list()) {
    if (used.has(toHex(name.recordId))) unwanted.remove(name);
    else deleteRecord(context, name);
  }
}

type DeletingContext = Pick<SessionContext, 'logger' | 'store' | 'vault'>;

/** If the chip cannot delete it now, the next start tries again. */
function deleteRecord({ logger, store, vault }: DeletingContext, name: RecordName): void {
  vault
    .delete(name)
    .catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
    })
    .then(() => store.unwanted.remove(name))
    .catch((error: unknown) => {
      logger.warn({ error: messageOf(error) }, 'the chip kept a record that is not needed');
    });
}
