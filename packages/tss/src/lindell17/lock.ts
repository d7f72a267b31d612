/**
 * Whether a two-party key may be used: docs/spec/lindell17.md, "Locks". The caller keeps
 * the lock durably beside P1's keyshare; a session neither reads nor writes anything.
 */
import { InputError, type KeyUnsafe } from '../round/errors.ts';

/** Most refreshes that may open a locked key in its life (L-14). */
export const MAX_REOPENINGS = 3;

/** State of a key between sessions. */
export interface KeyLock {
  readonly state: 'none' | KeyUnsafe;
  /** The number of refreshes that have opened a lock. */
  readonly reopened: number;
}

/** A key that was never locked. */
export const NO_LOCK: KeyLock = { state: 'none', reopened: 0 };

/**
 * The lock after an outcome; `terminal` stays, whatever comes later.
 *
 * Security: it must be on disk before anything leaves that lets the peer see how the session ended.
 */
export function lockAfter(lock: KeyLock, keyUnsafe: KeyUnsafe | null): KeyLock {
  if (keyUnsafe === null || lock.state === 'terminal') return lock;
  return { ...lock, state: keyUnsafe };
}

/** The lock after a refresh has been activated: the new epoch is open, and remembers what it cost. */
export function lockAfterRefresh(lock: KeyLock): KeyLock {
  checkRefreshable(lock);
  return { state: 'none', reopened: lock.reopened + (lock.state === 'refreshable' ? 1 : 0) };
}

/** [S5, L8] @throws InputError `input/locked` */
export function checkUnlocked({ state }: KeyLock): void {
  if (state === 'none') return;
  const remedy = state === 'refreshable' ? 'only a refresh opens it' : 'it can only be retired';
  throw new InputError('input/locked', `the key is locked; ${remedy}`);
}

/** @throws InputError `input/locked` */
export function checkRefreshable({ state, reopened }: KeyLock): void {
  if (state === 'terminal') {
    throw new InputError('input/locked', 'the key is locked for good; it can only be retired');
  }
  if (state === 'refreshable' && reopened >= MAX_REOPENINGS) {
    const problem = `a refresh has opened the key ${reopened} times, at most ${MAX_REOPENINGS}`;
    throw new InputError('input/locked', problem);
  }
}
