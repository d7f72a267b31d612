import type { KeyObject } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { AuditDetails, AuditEvent } from './event.ts';
import type { Database, Tx } from '../store/database.ts';
import { canonicalJson } from './canonical.ts';
import { certifyDestruction, type Destruction } from './destruction.ts';
import { Chain, headOf } from './chain.ts';
import { type Checkpoint, publicKeyHex } from './checkpoint.ts';
import { type Entry, EntryBodySchema } from './entry.ts';
import type { HeadFile } from './headFile.ts';
import { AuditBrokenError, Signer } from './signer.ts';

/** The audit log: entries are appended in the caller's transaction. */
export interface AuditLog {
  append(tx: Tx, event: AuditEvent): Promise<void>;
  /** Why the log differs from the one written, so that nothing new may begin; undefined if it does not. */
  problem(): string | undefined;
  /** Signs with the audit key that a key was destroyed; returns the details with their signature. */
  certify(destruction: Destruction): AuditDetails;
}

/** Selects entries to list, newest first. */
interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  readonly outcome?: string | undefined;
  /** Milliseconds, inclusive. */
  readonly since?: number | undefined;
  /** Milliseconds, exclusive. */
  readonly until?: number | undefined;
  /** Only entries with a smaller number. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** The append-only log of events. */
export interface Audit extends AuditLog {
  /** The audit key that signs checkpoints, 64 hex digits. */
  readonly publicKey: string;
  /** Writes one entry in a transaction of its own. */
  record(event: AuditEvent): Promise<void>;
  /**
   * Compares the log with the last signed checkpoint; undefined if it continues from there. Without a
   * checkpoint the database is trusted.
   */
  open(formerKey?: string): Promise<string | undefined>;
  /** Continues from the log as it is, by the operator's order in this entry. */
  adopt(entry: AuditEvent): Promise<void>;
  /** Whether the last checkpoint is also kept outside the database. */
  isKept(): boolean;
  /**
   * Signs the head of the chain, unless it is signed already; nothing if the log is empty.
   *
   * @throws AuditBrokenError when the log in the database differs from the one written
   */
  checkpoint(): Promise<Checkpoint | undefined>;
  /** Entries that match, newest first. */
  list(filter: AuditFilter): Promise<Entry[]>;
  /** The lines of an export, with a checkpoint on its last entry. */
  export(): AsyncGenerator<string>;
  /** Starts to sign a checkpoint every minute. */
  start(): void;
  /** Stops the clock and signs the last entries. */
  stop(): Promise<void>;
}

/** Options of {@link createAudit}. */
interface AuditOptions {
  readonly database: Database;
  /** Ed25519. */
  readonly key: KeyObject;
  readonly clock: Clock;
  /** Milliseconds between checkpoints. */
  readonly interval?: number;
  /** Keeps the last checkpoint outside the database as well. */
  readonly headFile?: HeadFile;
  /** Told of each checkpoint. */
  readonly onSigned?: (checkpoint: Checkpoint) => void;
  /** Told when a checkpoint could not be written. */
  readonly onError?: (error: unknown) => void;
}

interface Row {
  seq: number;
  at: number;
  body: string;
  previous: string;
  hash: string;
}

const PAGE = 500;
const INTERVAL = 60_000;

/** Opens the audit log over the server's database. */
export function createAudit(options: AuditOptions): Audit {
  const { database, key, clock } = options;
  const publicKey = publicKeyHex(key);
  const chain = new Chain();
  const signer = new Signer({ ...options, chain });
  const checkpoint = (): Promise<Checkpoint | undefined> => signer.checkpoint();
  const ticker = every(options.interval ?? INTERVAL, clock, () => {
    checkpoint().catch((error: unknown) => options.onError?.(error));
  });
  return {
    publicKey,
    append: (tx, event) => chain.append(tx, event),
    problem: () => chain.problem,
    open: (formerKey) => signer.open(formerKey),
    adopt: (entry) => signer.adopt(entry),
    isKept: () => signer.isKept,
    certify: (destruction) => certifyDestruction(key, destruction),
    record: (event) => database.transaction((tx) => chain.append(tx, event)),
    checkpoint,
    list: (filter) => database.read((tx) => listEntries(tx, filter)),
    export: () => exportLines(database, publicKey, () => lastToExport(database, checkpoint)),
    start: () => ticker.start(),
    stop: async () => {
      ticker.stop();
      await checkpoint();
    },
  };
}

function every(interval: number, clock: Clock, work: () => void): { start(): void; stop(): void } {
  let cancel: (() => void) | undefined;
  const next = (): void => {
    cancel = clock.after(interval, () => {
      next();
      work();
    });
  };
  return {
    start: () => {
      if (cancel === undefined) next();
    },
    stop: () => {
      cancel?.();
      cancel = undefined;
    },
  };
}

async function listEntries(tx: Tx, filter: AuditFilter): Promise<Entry[]> {
  const conditions: [string, string | number | undefined][] = [
    ['actor = ?', filter.actor],
    ['action = ?', filter.action],
    ['subject = ?', filter.subject],
    ['outcome = ?', filter.outcome],
    ['at >= ?', filter.since],
    ['at < ?', filter.until],
    ['seq < ?', filter.before],
  ];
  const given = conditions.filter(([, value]) => value !== undefined);
  const where = given.length === 0 ? '' : `WHERE ${given.map(([sql]) => sql).join(' AND ')}`;
  const rows = await tx.all<Row>(
    `SELECT seq, at, body, previous, hash FROM audit_entries ${where} ORDER BY seq DESC LIMIT ?`,
    [...given.map(([, value]) => value ?? ''), filter.limit],
  );
  return rows.map(entryOf);
}

/**
 * The last entry to export. A log that is no longer signed is exported as it is: the check finds what is
 * wrong.
 */
async function lastToExport(
  database: Database,
  checkpoint: () => Promise<Checkpoint | undefined>,
): Promise<number> {
  try {
    return (await checkpoint())?.seq ?? 0;
  } catch (error) {
    if (!(error instanceof AuditBrokenError)) throw error;
    return (await database.read(headOf)).seq;
  }
}

/** Pages through the log, so that an export of any size needs little memory. */
async function* exportLines(
  database: Database,
  publicKey: string,
  lastEntry: () => Promise<number>,
): AsyncGenerator<string> {
  const until = await lastEntry();
  yield line({ format: 'quorate-audit/v1', public_key: publicKey });
  for (let from = 1; from <= until; from += PAGE) {
    const to = Math.min(from + PAGE - 1, until);
    const { entries, checkpoints } = await database.read(async (tx) => ({
      entries: await tx.all<Row>(
        'SELECT seq, at, body, previous, hash FROM audit_entries WHERE seq >= ? AND seq <= ? ORDER BY seq',
        [from, to],
      ),
      checkpoints: await tx.all<Checkpoint>(
        'SELECT seq, at, hash, signature FROM audit_checkpoints WHERE seq >= ? AND seq <= ? ORDER BY seq',
        [from, to],
      ),
    }));
    const signed = new Map(checkpoints.map((made) => [made.seq, made]));
    for (const row of entries) {
      yield line({ entry: entryOf(row) });
      const made = signed.get(row.seq);
      if (made !== undefined) yield line({ checkpoint: { ...made } });
    }
  }
}

function entryOf(row: Row): Entry {
  const body = EntryBodySchema.parse(JSON.parse(row.body));
  return { seq: row.seq, at: row.at, ...body, previous: row.previous, hash: row.hash };
}

function line(value: Parameters<typeof canonicalJson>[0]): string {
  return `${canonicalJson(value)}\n`;
}
