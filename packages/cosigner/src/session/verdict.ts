/** The lasting results of a failed check: the lock of the key, and the evidence. */
import { messageOf } from '@quorate/holder';
import type { Verdict } from '@quorate/two-party';
import type { Proposal, SessionContext } from './context.ts';

/** Locks the key, which ends its sessions, and keeps the evidence, before anything is said. */
export function recordVerdict(context: SessionContext, proposal: Proposal, verdict: Verdict): void {
  const { logger, store, locks, index } = context;
  const { id, keySessionId } = proposal;
  const { reason, culprits, round, message, keyUnsafe, evidence } = verdict;
  const fields = { session_id: id, reason, culprits, round };
  if (keyUnsafe !== null && keySessionId !== null && index === 1) {
    locks.lock(keySessionId, keyUnsafe, id);
  }
  try {
    // Two keyshares that are no longer of one key differ in their parameters: nobody is accused of that.
    if (culprits.length > 0 && evidence.length > 0) {
      store.keepEvidence(id, { reason, culprits, round, evidence });
    }
  } catch (error) {
    // The lock does not depend on it.
    logger.error({ session_id: id, error: messageOf(error) }, 'the evidence cannot be written');
  }
  logger.warn({ ...fields, lock: keyUnsafe }, message);
}
