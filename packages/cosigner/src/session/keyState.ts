/** The present state of a key, and its form for REST. */
import { MAX_REOPENINGS } from '@quorate/tss/lindell17';
import type { TwoPartyKey } from '@quorate/wire';
import { CosignerError } from '../errors.ts';
import type { KeyRecord } from '../store/keyRecords.ts';

/** A key as REST shows it. */
export function shownKey(record: KeyRecord): TwoPartyKey {
  return {
    session_id: record.session_id,
    state: stateOf(record),
    partner: record.partner,
    address: record.address,
    public_key: `0x${record.public_key}`,
    epoch: record.share.epoch,
    paillier_bits: record.paillier_bits,
    lock: lockOf(record),
    openings_left: MAX_REOPENINGS - record.lock.reopened,
    created_at: record.created_at,
    ...(record.retired_at === undefined ? {} : { retired_at: record.retired_at }),
  };
}

/** The share that P1 has not confirmed yet, and the session that made it. */
export function waitingOf(record: KeyRecord): Pick<KeyRecord, 'session_id' | 'share'> | undefined {
  return record.next ?? (record.state === 'pending' ? record : undefined);
}

/** Whether there is a key, and it was not retired. */
export function isLiving(record: KeyRecord | undefined): boolean {
  return record !== undefined && record.state !== 'retired';
}

/** @throws CosignerError for a key that may not sign */
export function checkUnlocked(key: KeyRecord): void {
  const state = stateOf(key);
  if (state === 'locked') throw new CosignerError('key_locked');
  if (state === 'retired') throw new CosignerError('key_retired');
  if (state === 'rolled_back') throw new CosignerError('key_rolled_back');
}

/**
 * The lock that a refresh opens. P1's key that was rolled back counts as locked: the record that was put
 * back may be from before a lock.
 */
export function lockToOpen({ index, lock, rolled_back: rolledBack }: KeyRecord): KeyRecord['lock'] {
  const unknown = index === 1 && rolledBack && lock.state === 'none';
  return unknown ? { ...lock, state: 'refreshable' } : lock;
}

/** @throws CosignerError for a key that no refresh opens */
export function checkOpenable(key: KeyRecord): void {
  const { state, reopened } = lockToOpen(key);
  if (state === 'terminal') throw new CosignerError('key_retired');
  if (state === 'refreshable' && reopened >= MAX_REOPENINGS) {
    throw new CosignerError('key_retired', `the key was opened ${reopened} times already`);
  }
}

function stateOf(record: KeyRecord): TwoPartyKey['state'] {
  if (record.state !== 'active') return record.state;
  const { state, reopened } = lockToOpen(record);
  if (state === 'terminal') return 'retired';
  if (state === 'refreshable' && reopened >= MAX_REOPENINGS) return 'retired';
  if (record.lock.state === 'refreshable') return 'locked';
  return record.rolled_back ? 'rolled_back' : 'active';
}

function lockOf({ lock }: KeyRecord): TwoPartyKey['lock'] {
  if (lock.state === 'none' || lock.session_id === null || lock.at === null) return null;
  return { kind: lock.state, session_id: lock.session_id, at: lock.at };
}
