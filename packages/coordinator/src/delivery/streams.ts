/**
 * Streams: the numbering of one recipient's messages (docs/spec/wire.md §3).
 *
 * Numbers never run backwards, not even in a database restored from a backup: the first number after a
 * start is at least the time of that start, and no earlier number had reached that time.
 */
import { randomBytes } from 'node:crypto';
import type { Tx } from '../store/database.ts';
import { keyOf, NAMELESS, OF_RECIPIENT, type Recipient } from './recipient.ts';

/** Most named clients kept for one user; beyond it the least missed one makes room. */
const MOST_CLIENTS = 1024;

/** The numbering state of a recipient. */
export interface StreamRow {
  readonly stream: string;
  readonly last_seq: number;
  readonly acked_seq: number;
}

/** A random id of a stream. */
export const streamId = (): string => randomBytes(16).toString('hex');

/** Takes the next number, at least `floor`. */
export async function nextSeq(tx: Tx, to: Recipient, floor: number, now: number): Promise<number> {
  const row = await tx.get<{ last_seq: number }>(
    `UPDATE streams SET last_seq = CASE WHEN last_seq + 1 < ? THEN ? ELSE last_seq + 1 END
     WHERE ${OF_RECIPIENT} RETURNING last_seq`,
    [floor, floor, ...keyOf(to)],
  );
  if (row !== undefined) return row.last_seq;
  await tx.run(
    `INSERT INTO streams (username, role, client, stream, last_seq, acked_seq, seen_at)
     VALUES (?, ?, ?, ?, ?, 0, ?)`,
    [...keyOf(to), streamId(), floor, now],
  );
  return floor;
}

/** Whether a recipient is connected at this moment. */
export type IsConnected = (who: Recipient) => boolean;

/** Finds a recipient's stream, or begins one, and notes that the recipient was present. */
export async function openStream(
  tx: Tx,
  who: Recipient,
  now: number,
  isConnected: IsConnected,
): Promise<StreamRow> {
  const row = await tx.get<StreamRow>(
    `UPDATE streams SET seen_at = ? WHERE ${OF_RECIPIENT} RETURNING stream, last_seq, acked_seq`,
    [now, ...keyOf(who)],
  );
  if (row !== undefined) return row;
  if (who.client !== NAMELESS) await makeRoom(tx, who, isConnected);
  const stream = streamId();
  await tx.run(
    `INSERT INTO streams (username, role, client, stream, last_seq, acked_seq, seen_at)
     VALUES (?, ?, ?, ?, 0, 0, ?)`,
    [...keyOf(who), stream, now],
  );
  return { stream, last_seq: 0, acked_seq: 0 };
}

/** Gives a recipient's stream another id. */
export async function renameStream(tx: Tx, who: Recipient, stream: string): Promise<void> {
  await tx.run(`UPDATE streams SET stream = ? WHERE ${OF_RECIPIENT}`, [stream, ...keyOf(who)]);
}

/** Named clients that were absent since a time, and for whom nothing is stored. */
export function idleClients(tx: Tx, seenBefore: number): Promise<Recipient[]> {
  return tx.all<Recipient & Record<string, string>>(
    `SELECT username, role, client FROM streams s
     WHERE client <> ? AND seen_at < ? AND NOT EXISTS (SELECT 1 FROM outbox o
       WHERE o.username = s.username AND o.role = s.role AND o.client = s.client)`,
    [NAMELESS, seenBefore],
  );
}

/** Removes a client and everything stored for it. It may return as a new client. */
export async function removeClient(tx: Tx, who: Recipient): Promise<void> {
  for (const table of ['streams', 'outbox', 'inbox']) {
    await tx.run(`DELETE FROM ${table} WHERE ${OF_RECIPIENT}`, keyOf(who));
  }
}

/**
 * Makes room for a user's next client: removes the longest absent client that is not connected, first among
 * those for whom nothing is stored. A connected client would miss messages, because its numbers would restart.
 */
async function makeRoom(
  tx: Tx,
  { username, role }: Recipient,
  isConnected: IsConnected,
): Promise<void> {
  const ofUser = 'username = ? AND role = ? AND client <> ?';
  const count = await tx.get<{ n: number }>(`SELECT COUNT(*) AS n FROM streams WHERE ${ofUser}`, [
    username,
    role,
    NAMELESS,
  ]);
  if ((count?.n ?? 0) < MOST_CLIENTS) return;
  const rows = await tx.all<{ client: string }>(
    `SELECT client FROM streams s WHERE ${ofUser}
     ORDER BY EXISTS (SELECT 1 FROM outbox o
       WHERE o.username = s.username AND o.role = s.role AND o.client = s.client), seen_at`,
    [username, role, NAMELESS],
  );
  const all = rows.map(({ client }): Recipient => ({ username, role, client }));
  const missed = all.find((who) => !isConnected(who));
  if (missed !== undefined) await removeClient(tx, missed);
}
