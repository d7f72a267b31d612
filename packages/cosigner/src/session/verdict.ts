/** What stays of a failed check: the lock of the key, and the evidence. */
import { lockAfter } from '@quorate/tss';
import type { SessionAbort } from '../worker/protocol.ts';
import type { SessionLife } from './life.ts';

/** The lock is on disk, and the other sessions of the key are over, before anything is said. */
export function recordVerdict(life: SessionLife, abort: SessionAbort): boolean {
  const { context, proposal } = life;
  const { logger, store, now, stopKey, index } = context;
  const { id, keySessionId } = proposal;
  const { reason, culprits, round, message, keyUnsafe, evidence } = abort;
  if (keyUnsafe !== null && keySessionId !== null && index === 1) {
    store.keys.update(keySessionId, (record) => ({
      ...record,
      lock: { ...record.lock, ...lockAfter(record.lock, keyUnsafe), session_id: id, at: now() },
    }));
    stopKey(keySessionId, id);
    logger.error({ session_id: id, key: keySessionId, lock: keyUnsafe }, 'key locked');
  }
  if (evidence.length > 0) store.keepEvidence(id, { reason, culprits, round, evidence });
  logger.warn({ session_id: id, reason, culprits, round }, message);
  return true;
}
