/** The clients of a coordinator user that hear of a session: those that requested it, first or again. */
import type { Tx } from '../store/database.ts';
import type { Hub } from './hub.ts';
import { coordinator, NAMELESS, type Recipient } from './recipient.ts';

/** Most clients that hear of one session; the newest stay. */
const MOST_FOLLOWERS = 32;

/** Lets a client hear of a session from now on. */
export async function follow(
  tx: Tx,
  sessionKey: string,
  { client }: Pick<Recipient, 'client'>,
  now: number,
): Promise<void> {
  await tx.run(
    `INSERT INTO session_followers (session_key, client, since) VALUES (?, ?, ?)
     ON CONFLICT (session_key, client) DO UPDATE SET since = excluded.since`,
    [sessionKey, client, now],
  );
  await tx.run(
    `DELETE FROM session_followers WHERE session_key = ? AND client NOT IN
       (SELECT client FROM session_followers WHERE session_key = ?
        ORDER BY since DESC, client LIMIT ?)`,
    [sessionKey, sessionKey, MOST_FOLLOWERS],
  );
}

/**
 * The clients that hear of a session. If none of those that requested it is stored any more, all connected
 * clients of the user hear of it, and the nameless one.
 */
export async function followersOf(
  tx: Tx,
  hub: Hub,
  { sessionKey, username }: { readonly sessionKey: string; readonly username: string },
): Promise<readonly Recipient[]> {
  const rows = await tx.all<{ client: string }>(
    `SELECT f.client FROM session_followers f JOIN streams s
       ON s.username = ? AND s.role = 'coordinator' AND s.client = f.client
     WHERE f.session_key = ? ORDER BY f.since, f.client`,
    [username, sessionKey],
  );
  if (rows.length > 0) return rows.map(({ client }) => coordinator(username, client));
  const connected = hub.clientsOf(coordinator(username)).map(({ recipient }) => recipient.client);
  return [...new Set([NAMELESS, ...connected])].map((client) => coordinator(username, client));
}

/** Removes the followers of ended sessions: a repeated request for an ended session is answered at once. */
export async function removeFollowersOfEnded(tx: Tx): Promise<void> {
  await tx.run(
    `DELETE FROM session_followers
     WHERE session_key IN (SELECT session_key FROM sessions WHERE ended <> 0)`,
  );
}
