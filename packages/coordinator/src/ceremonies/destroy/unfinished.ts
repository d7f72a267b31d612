/** Destructions that wait for receipts, however old they are. */
import { keysOwingReceipt } from '../../keys/index.ts';
import type { Tx } from '../../store/database.ts';

/** The session keys of destructions that still need a receipt of this participant. */
export async function unfinishedFor(tx: Tx, username: string): Promise<string[]> {
  const found: string[] = [];
  for (const keyId of await keysOwingReceipt(tx, username)) {
    const rows = await tx.all<{ session_key: string }>(
      `SELECT s.session_key FROM sessions s
       JOIN session_participants p ON p.session_key = s.session_key
       WHERE s.key_id = ? AND s.kind = 'destroy' AND p.username = ?
         AND s.state IN ('running', 'results', 'completed')`,
      [keyId, username],
    );
    found.push(...rows.map((row) => row.session_key));
  }
  return found.sort();
}
