/** Bans that a protocol found: on disk before this agent says anything about them (O-12). */
import { messageOf } from '@quorate/holder';
import type { SessionAbort } from '../protocol/frames.ts';
import type { CeremonyContext } from './context.ts';

/**
 * Writes the bans of an abort, and ends the other sessions of the pairs. False when the disk does not take them:
 * then this agent may say nothing, and uses the key no more.
 */
export function keepBans(
  context: CeremonyContext,
  session_key: string,
  key_id: string | null,
  { bans: banned, reason }: SessionAbort,
): boolean {
  // A key generation that ends in a ban leaves no key, hence no pairwise state to ban.
  if (banned.length === 0 || key_id === null) return true;
  const at = context.now();
  try {
    const bans = banned.map((part_index) => ({ part_index, session_key, reason, at }));
    context.state.keys.ban(key_id, bans);
  } catch (error) {
    const fields = { key_id, banned, session_key, error: messageOf(error) };
    context.logger.error(fields, 'a ban cannot be written; this agent stops using the key');
    context.stopKey(key_id, null);
    return false;
  }
  context.banned(key_id, banned, session_key);
  return true;
}
