/** Remembers which numbered client messages are stored, and ignores repetitions (docs/spec/wire.md §3). */
import type { Tx } from '../store/database.ts';
import { keyOf, OF_RECIPIENT, type Recipient } from './recipient.ts';

/** The highest stored `cseq` of a client. */
export async function lastCseq(tx: Tx, of: Recipient): Promise<number> {
  const row = await tx.get<{ cseq: number }>(
    `SELECT cseq FROM inbox WHERE ${OF_RECIPIENT}`,
    keyOf(of),
  );
  return row?.cseq ?? 0;
}

/** Notes a number; false if it or a later one was noted before. */
export async function noteCseq(tx: Tx, of: Recipient, cseq: number): Promise<boolean> {
  const { changes } = await tx.run(
    `INSERT INTO inbox (username, role, client, cseq) VALUES (?, ?, ?, ?)
     ON CONFLICT (username, role, client) DO UPDATE SET cseq = excluded.cseq
     WHERE excluded.cseq > inbox.cseq`,
    [...keyOf(of), cseq],
  );
  return changes > 0;
}
