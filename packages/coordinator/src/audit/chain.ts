/**
 * The chain of entries as this process has written it. Every append compares the database with it, so that
 * somebody who edits the file cannot make the server sign another history.
 */
import type { AuditEvent } from './event.ts';
import type { Database, Tx } from '../store/database.ts';
import { bodyOf, canonicalBody, EntryBodySchema, entryHash, GENESIS } from './entry.ts';

/** The last entry of a part of the chain; number 0 if it is empty. */
export interface Head {
  readonly seq: number;
  /** 64 hex digits. */
  readonly hash: string;
}

/** The head of an empty log. */
export const EMPTY: Head = { seq: 0, hash: GENESIS };

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: string;
  readonly body: string;
  readonly previous: string;
  readonly hash: string;
}

/** Entries to verify before other work gets its turn. */
const PAGE = 200;

/** Appends entries, and remembers the last one. */
export class Chain {
  #last: Head | undefined;
  #committed: Head | undefined;
  #problem: string | undefined;

  /** Why the log in the database differs from the one written; undefined while it does not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The last durable entry; undefined before this process has seen one. */
  get committed(): Head | undefined {
    return this.#committed;
  }

  /** Continues from a head that was verified, or that an operator accepts. */
  continueFrom(head: Head): void {
    this.#problem = undefined;
    this.#last = head;
    this.#committed = head;
  }

  /** Marks the log as not intact; the first reason stays. */
  broken(problem: string): void {
    this.#problem ??= problem;
  }

  /** Chains one entry to the log, in the caller's transaction. */
  async append(tx: Tx, event: AuditEvent): Promise<void> {
    const stored = await headOf(tx);
    const known = this.#last;
    if (known !== undefined && !isSame(stored, known)) {
      this.broken(`entry ${known.seq} was written last and is not the last in the database`);
    }
    const head = await insertEntry(tx, event, stored);
    this.#last = head;
    tx.onCommit(() => {
      this.#committed = head;
    });
    tx.onRollback(() => {
      this.#last = known;
    });
  }
}

/** The last entry of the database. */
export async function headOf(tx: Tx): Promise<Head> {
  const sql = 'SELECT seq, hash FROM audit_entries ORDER BY seq DESC LIMIT 1';
  return (await tx.get<Head>(sql, [])) ?? EMPTY;
}

async function insertEntry(tx: Tx, event: AuditEvent, previous: Head): Promise<Head> {
  const { at } = event;
  const body = bodyOf(event);
  const text = canonicalBody(body);
  const seq = previous.seq + 1;
  const hash = entryHash(seq, at, text, previous.hash);
  const { actor, action, subject, outcome } = body;
  await tx.run(
    `INSERT INTO audit_entries (seq, at, actor, action, subject, outcome, body, previous, hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [seq, at, actor, action, subject, outcome, text, previous.hash, hash],
  );
  return { seq, hash };
}

/** Returns what is wrong with the entries from one head to a later one; undefined if they are intact. */
export async function chainProblem(
  database: Database,
  from: Head,
  to: Head,
): Promise<string | undefined> {
  if (to.seq < from.seq)
    return `the log ends at entry ${to.seq}, but entry ${from.seq} was written`;
  let { seq, hash } = from;
  if (seq > 0 && (await hashAt(database, seq)) !== hash) return altered(seq);
  while (seq < to.seq) {
    const rows = await pageAfter(database, seq, Math.min(PAGE, to.seq - seq));
    if (rows.length === 0) return `entry ${seq + 1} is missing`;
    for (const row of rows) {
      if (row.seq !== seq + 1) return `entry ${seq + 1} is missing`;
      if (!isLink(row, hash)) return altered(row.seq);
      ({ seq, hash } = row);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return hash === to.hash ? undefined : altered(to.seq);
}

const altered = (seq: number): string => `entry ${seq} differs from the entry that was written`;

const isSame = (one: Head, other: Head): boolean =>
  one.seq === other.seq && one.hash === other.hash;

function hashAt(database: Database, seq: number): Promise<string | undefined> {
  return database.read(async (tx) => {
    const row = await tx.get<Head>('SELECT seq, hash FROM audit_entries WHERE seq = ?', [seq]);
    return row?.hash;
  });
}

function pageAfter(database: Database, seq: number, limit: number): Promise<Row[]> {
  return database.read((tx) =>
    tx.all<Row>('SELECT * FROM audit_entries WHERE seq > ? ORDER BY seq LIMIT ?', [seq, limit]),
  );
}

/** The hash covers the body; the columns for searches repeat parts of it and must agree. */
function isLink(row: Row, previous: string): boolean {
  if (row.previous !== previous) return false;
  try {
    if (entryHash(row.seq, row.at, row.body, previous) !== row.hash) return false;
    const { actor, action, subject, outcome } = EntryBodySchema.parse(JSON.parse(row.body));
    return (
      row.actor === actor &&
      row.action === action &&
      row.subject === subject &&
      row.outcome === outcome
    );
  } catch {
    // This program never writes such a body: somebody else did.
    return false;
  }
}
