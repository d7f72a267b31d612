/** Retires a key at this side for an operator. */
import type { TwoPartyKey } from '@quorate/wire';
import { CosignerError } from '../errors.ts';
import { retireKey } from './commit.ts';
import type { SessionContext } from './context.ts';
import { shownKey } from './keyState.ts';
import type { TwoPartySession } from './session.ts';

/** The operator's confirmation, and the operator. */
export interface Confirmed {
  /** The key's own address: no other key is retired by a slip. */
  readonly address: string;
  readonly by: string;
}

/**
 * Ends the sessions of a key, and deletes its shares; one that is retired already stays so.
 * @throws CosignerError `unknown_key`, `key_pending`, `address_mismatch`
 */
export function retire(
  context: SessionContext,
  live: ReadonlyMap<string, TwoPartySession>,
  keySessionId: string,
  { address, by }: Confirmed,
): TwoPartyKey {
  const { logger, store } = context;
  const key = store.keys.find(keySessionId);
  if (key === undefined) throw new CosignerError('unknown_key');
  if (key.state === 'pending') throw new CosignerError('key_pending');
  if (key.address.toLowerCase() !== address.toLowerCase()) {
    throw new CosignerError('address_mismatch');
  }
  if (key.state === 'retired') return shownKey(key);
  for (const session of live.values()) {
    if (session.proposal.keySessionId !== keySessionId) continue;
    session.stop('key_retired', 'an operator retired the key');
  }
  const retired = retireKey(context, keySessionId);
  logger.warn({ key: keySessionId, address: key.address, by }, 'key retired');
  return shownKey(retired);
}
