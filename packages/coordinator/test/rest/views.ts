import type { KeyHolder, Keys, KeySummary, Sessions, SessionSummary } from '../../src/services.ts';

const KEY = `address, public_key, session_key, creator, threshold, total_parts, epoch, state, created_at`;
const SESSION = `session_key, kind, state, coordinator, threshold, total_parts, address, created_at, updated_at`;

export const keys: Keys = {
  list: async (tx) => ({ items: await tx.all<KeySummary>(`SELECT ${KEY} FROM key_records`) }),
  get: async (tx, address) => {
    const key = await tx.get<KeySummary>(`SELECT ${KEY} FROM key_records WHERE address = ?`, [
      address,
    ]);
    if (key === undefined) return undefined;
    const holders = await tx.all<KeyHolder>(
      `SELECT part_index, username, se_id, '' AS chip_label, 'active' AS chip_state FROM shards`,
    );
    return { ...key, holders, grants: [] };
  },
  grant: async () => false,
  revoke: async () => false,
};

export const sessions: Sessions = {
  list: async (tx) => ({ items: await tx.all<SessionSummary>(`SELECT ${SESSION} FROM sessions`) }),
  get: async () => undefined,
};
