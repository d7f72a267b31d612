/**
 * Completes a key, or marks it as an orphan to be deleted.
 */
import { messageOf } from '@quorate/holder';
import type { Abort, CompleteOf, FailureOf } from '@quorate/wire';
import { isLabelOf } from '../../records/keyRecord.ts';
import type { OuterContext } from '../context.ts';

/** The result that ends a key generation. When the chip may hold a record, it says which. */
export function failedKeygenResult(
  context: OuterContext,
  sessionKey: string,
  partIndex: number,
  message: string,
  abort?: Abort,
): FailureOf<'keygen'> {
  const orphan = context.state.keys.findBySession(sessionKey);
  return {
    type: 'keygen_result',
    session_key: sessionKey,
    part_index: partIndex,
    address: orphan?.address ?? '',
    cpic: context.chip.cpic,
    encrypted_shard: '',
    success: false,
    message,
    ...(orphan ? { record_id: orphan.record_id } : {}),
    ...(abort ? { abort } : {}),
  };
}

/**
 * Makes a key active on its completion, also when that arrives after a restart, or after this agent took the key
 * generation for failed and has not yet deleted the record.
 */
export function completeKey(context: OuterContext, complete: CompleteOf<'keygen'>): void {
  const { logger, state } = context;
  const record = state.keys.findBySession(complete.session_key);
  const session_key = complete.session_key;
  if (record?.state !== 'pending' && record?.state !== 'orphaned') return;
  if (!isLabelOf(record, complete.address)) {
    logger.error({ session_key }, 'a completion names another address; the key stays pending');
    return;
  }
  state.keys.update(record.key_id, (current) => ({ ...current, state: 'active' }));
  logger.info({ session_key, address: record.address }, 'key is active');
}

/** Notes the record that a failed key generation leaves: only the coordinator can authorise to delete it. */
export function orphanKey(context: OuterContext, sessionKey: string): void {
  const record = context.state.keys.findBySession(sessionKey);
  if (record?.state !== 'pending') return;
  try {
    context.state.keys.update(record.key_id, (current) => ({ ...current, state: 'orphaned' }));
  } catch (error) {
    context.logger.error({ session_key: sessionKey, error: messageOf(error) }, 'orphan not noted');
  }
}

/** Tells the coordinator of a record that only this agent's chip and disk know of. */
export function reportOrphan(context: OuterContext, sessionKey: string): void {
  const record = context.state.keys.findBySession(sessionKey);
  if (record?.state !== 'pending' && record?.state !== 'orphaned') return;
  orphanKey(context, sessionKey);
  const message = 'the session was over when the chip had stored its record';
  context.send(failedKeygenResult(context, sessionKey, record.part_index, message));
}
