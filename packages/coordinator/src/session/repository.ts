/** Sessions in the store: the events are the truth, the row beside them serves lists. */
import type { Tx } from '../store/database.ts';
import type { Kind } from '@quorate/wire';
import { type Ceremonies, ceremonyOf, type Running } from './ceremony.ts';
import { apply, firstStep } from './reduce.ts';
import { stateName } from './messages.ts';
import type { Event } from './events.ts';
import type { Requested, SessionState } from './types.ts';

/** A session and how many events made it. */
export interface Loaded extends Running {
  readonly events: number;
}

/** The asker and the hash of a stored request. */
export interface KnownRequest {
  readonly coordinator: string;
  readonly requestHash: string;
}

/** Finds the stored request for a session key; undefined if the key is free. */
export async function knownRequest(tx: Tx, sessionKey: string): Promise<KnownRequest | undefined> {
  const row = await tx.get<{ coordinator: string; request_hash: string }>(
    'SELECT coordinator, request_hash FROM sessions WHERE session_key = ?',
    [sessionKey],
  );
  return row && { coordinator: row.coordinator, requestHash: row.request_hash };
}

/** Finds an open session of this kind about a key; undefined if there is none. */
export async function otherSession(tx: Tx, kind: Kind, keyId: string): Promise<string | undefined> {
  const row = await tx.get<{ session_key: string }>(
    'SELECT session_key FROM sessions WHERE kind = ? AND key_id = ? AND ended = 0',
    [kind, keyId],
  );
  return row?.session_key;
}

/** Stores a new session with its first event. */
export async function insertSession(
  tx: Tx,
  { ceremony, state }: Running,
  first: Requested,
  requestHash: string,
): Promise<void> {
  const { address, keyId } = ceremony.rules.intent(state);
  await tx.run(
    `INSERT INTO sessions (session_key, kind, state, coordinator, request_hash, threshold,
       total_parts, address, key_id, ended, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
    [
      state.sessionKey,
      state.kind,
      stateName(state),
      state.coordinator,
      requestHash,
      state.threshold,
      state.totalParts,
      address,
      keyId,
      state.createdAt,
      state.updatedAt,
    ],
  );
  for (const { index, username } of state.parties) {
    await tx.run(
      'INSERT INTO session_participants (session_key, part_index, username) VALUES (?, ?, ?)',
      [state.sessionKey, index, username],
    );
  }
  await insertEvent(tx, state.sessionKey, 0, first);
}

/** Appends an event, and updates the summary row. */
export async function appendEvent(
  tx: Tx,
  before: Loaded,
  event: Event,
  after: SessionState,
): Promise<void> {
  await insertEvent(tx, after.sessionKey, before.events, event);
  if (event.type === 'accepted') await noteAcceptance(tx, after.sessionKey, event.from);
  if (stateName(before.state) === stateName(after)) return;
  const ended = after.phase === 'completed' || after.phase === 'failed' ? 1 : 0;
  const address = after.outcome?.success === true ? after.outcome.address : null;
  await tx.run(
    `UPDATE sessions SET state = ?, ended = ?, updated_at = ?, address = COALESCE(?, address)
     WHERE session_key = ?`,
    [stateName(after), ended, after.updatedAt, address, after.sessionKey],
  );
}

/** Notes which key a key generation made. */
export async function nameKey(tx: Tx, sessionKey: string, keyId: string): Promise<void> {
  await tx.run('UPDATE sessions SET key_id = ? WHERE session_key = ?', [keyId, sessionKey]);
}

async function noteAcceptance(tx: Tx, sessionKey: string, partIndex: number): Promise<void> {
  await tx.run(
    'UPDATE session_participants SET accepted = 1 WHERE session_key = ? AND part_index = ?',
    [sessionKey, partIndex],
  );
}

async function insertEvent(
  tx: Tx,
  sessionKey: string,
  number: number,
  event: Event,
): Promise<void> {
  await tx.run('INSERT INTO session_events (session_key, number, event) VALUES (?, ?, ?)', [
    sessionKey,
    number,
    JSON.stringify(event),
  ]);
}

/** Replays a session. */
export async function loadSession(
  tx: Tx,
  ceremonies: Ceremonies,
  sessionKey: string,
): Promise<Loaded | undefined> {
  const rows = await tx.all<{ event: string }>(
    'SELECT event FROM session_events WHERE session_key = ? ORDER BY number',
    [sessionKey],
  );
  // Only this program writes events, each in the transaction that caused it, so their form is trusted.
  const events = rows.map(({ event }) => JSON.parse(event) as Event);
  const [first, ...rest] = events;
  if (first?.type !== 'requested') return undefined;
  const ceremony = ceremonyOf(ceremonies, first);
  const { rules } = ceremony;
  const opened = firstStep(rules, first).state;
  const state = rest.reduce((current, event) => apply(rules, current, event).state, opened);
  return { ceremony, state, events: events.length };
}

/** The keys of all open sessions. */
export async function openSessions(tx: Tx): Promise<string[]> {
  const rows = await tx.all<{ session_key: string }>(
    'SELECT session_key FROM sessions WHERE ended = 0 ORDER BY session_key',
  );
  return rows.map((row) => row.session_key);
}

/** The keys of the open sessions about one key, with one participant, or of one asker. */
export async function openSessionsOf(
  tx: Tx,
  whose:
    | { readonly keyId: string }
    | { readonly username: string }
    | { readonly coordinator: string },
): Promise<string[]> {
  const [condition, value] = conditionOf(whose);
  const rows = await tx.all<{ session_key: string }>(
    `SELECT session_key FROM sessions WHERE ended = 0 AND ${condition} ORDER BY session_key`,
    [value],
  );
  return rows.map((row) => row.session_key);
}

function conditionOf(whose: Parameters<typeof openSessionsOf>[1]): [sql: string, value: string] {
  if ('keyId' in whose) return ['key_id = ?', whose.keyId];
  if ('coordinator' in whose) return ['coordinator = ?', whose.coordinator];
  const takesPart = `EXISTS (SELECT 1 FROM session_participants p
    WHERE p.session_key = sessions.session_key AND p.username = ?)`;
  return [takesPart, whose.username];
}

/** Counts the open sessions of a coordinator. */
export async function countOpen(tx: Tx, coordinator: string): Promise<number> {
  const row = await tx.get<{ n: number }>(
    'SELECT COUNT(*) AS n FROM sessions WHERE ended = 0 AND coordinator = ?',
    [coordinator],
  );
  return row?.n ?? 0;
}

/** Counts the open requests of a coordinator that a participant has not accepted yet. */
export async function countUnanswered(
  tx: Tx,
  coordinator: string,
  username: string,
): Promise<number> {
  const row = await tx.get<{ n: number }>(
    `SELECT COUNT(*) AS n FROM sessions s
     JOIN session_participants p ON p.session_key = s.session_key
     WHERE s.ended = 0 AND s.coordinator = ? AND p.username = ? AND p.accepted = 0`,
    [coordinator, username],
  );
  return row?.n ?? 0;
}
