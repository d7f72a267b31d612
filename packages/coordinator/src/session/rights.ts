/** Who may ask for a session and who may take part: checked for requests, and again for open sessions. */
import type { User, Users } from '../auth/index.ts';
import type { Tx } from '../store/database.ts';
import type { KeyRecord } from '../keys/index.ts';
import type { Running } from './ceremony.ts';

/** Whether a user may ask for anything. */
export function mayAsk(user: User | undefined): user is User {
  return user?.state === 'active' && user.roles.includes('coordinator');
}

/** Whether a user may take part in sessions. */
export function mayParticipate(user: User | undefined): boolean {
  return user?.state === 'active' && user.roles.includes('participant');
}

/** Whether a user may ask to destroy a key: its creator, or an administrator. */
export function mayDestroy(key: KeyRecord, user: User): boolean {
  return key.creator === user.username || isAdmin(user);
}

/** Whether a user is an active administrator. */
export function isAdmin(user: User | undefined): boolean {
  return user?.state === 'active' && user.roles.includes('admin');
}

/** Why this session could not be asked for now, and who is concerned; undefined if it may continue. */
export async function lostRight(
  tx: Tx,
  users: Users,
  { ceremony, state }: Running,
): Promise<{ readonly details: string; readonly concerned: readonly number[] } | undefined> {
  const { coordinator, parties } = state;
  const asker = await users.find(tx, coordinator);
  if (!mayAsk(asker)) return { details: `${coordinator} may no longer ask`, concerned: [] };
  if (!(await ceremony.work.mayStillAsk(tx, asker, state))) {
    return { details: `${coordinator} may no longer use this key`, concerned: [] };
  }
  for (const { index, username } of parties) {
    if (mayParticipate(await users.find(tx, username))) continue;
    return { details: `${username} may no longer take part`, concerned: [index] };
  }
  return undefined;
}
