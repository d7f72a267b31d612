/**
 * The outbox: every message to a client is stored with its number before it is sent, and kept until it
 * is acknowledged or a week old (contract §1.2).
 *
 * Numbers never run backwards, not even in a database restored from a backup (attacks.md R-18): the
 * first number after a start is not below the time of that start, which no number before it had reached.
 */
import { randomBytes } from 'node:crypto';
import { DEADLINES } from '@quorate/wire';
import type { Tx } from '../store/database.ts';

/** A user in one role: the unit that messages are numbered for. */
export interface Recipient {
  readonly username: string;
  readonly role: 'coordinator' | 'participant';
}

/** A stored message. `text` is its JSON with `seq`. */
export interface Numbered {
  readonly seq: number;
  readonly text: string;
}

/** What a registration finds. */
export interface Resumption {
  readonly stream: string;
  /** How many messages are about to be replayed. */
  readonly resumed: number;
  /** The highest number that the client is known to have processed. */
  readonly from: number;
}

/** Told of every message once it is durable, in the order of its numbers. */
export type Deliver = (to: Recipient, message: Numbered) => void;

const KEPT = DEADLINES.completion;

/** Messages beyond their session (errors, completions) that are kept for one recipient, the newest. */
const MOST = 4096;

/** How often a recipient's messages are counted: once in so many. */
const COUNTED = 256;

/** Messages on their way to clients. */
export class Outbox {
  readonly #deliver: Deliver;
  #floor = 1;

  constructor(deliver: Deliver) {
    this.#deliver = deliver;
  }

  /** Fixes the lowest number of this run; to be called once, before anything is sent. */
  async start(tx: Tx, now: number): Promise<void> {
    const before = await tx.get('SELECT content FROM properties WHERE name = ?', ['started']);
    if (before !== undefined) this.#floor = now;
    await tx.run(
      `INSERT INTO properties (name, content) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET content = excluded.content`,
      ['started', String(now)],
    );
    await this.prune(tx, now);
  }

  /**
   * Stores a message and has it delivered once the transaction is durable. One that concerns nobody after
   * its session has ended names the session in `during`.
   */
  async send(
    tx: Tx,
    to: Recipient,
    message: object,
    { now, during }: { readonly now: number; readonly during?: string },
  ): Promise<void> {
    const seq = await this.#nextSeq(tx, to);
    const body = JSON.stringify(message);
    await tx.run(
      `INSERT INTO outbox (username, role, seq, message, during_session, expires_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
      [to.username, to.role, seq, body, during ?? null, now + KEPT],
    );
    if (seq % COUNTED === 0) await this.#cap(tx, to);
    tx.onCommit(() => this.#deliver(to, { seq, text: withSeq(body, seq) }));
  }

  /** Drops what was only of use while the session went on: invitations, parameters, rounds. */
  async sessionEnded(tx: Tx, sessionKey: string): Promise<void> {
    await tx.run('DELETE FROM outbox WHERE during_session = ?', [sessionKey]);
  }

  /** Drops what the client has processed. */
  async acknowledge(tx: Tx, of: Recipient, seq: number): Promise<void> {
    await tx.run(
      'UPDATE streams SET acked_seq = ? WHERE username = ? AND role = ? AND acked_seq < ? AND last_seq >= ?',
      [seq, of.username, of.role, seq, seq],
    );
    await tx.run('DELETE FROM outbox WHERE username = ? AND role = ? AND seq <= ?', [
      of.username,
      of.role,
      seq,
    ]);
  }

  /**
   * Finds out where a client stands. A `last_seq` of another stream means nothing; one that is ahead of
   * this database shows that the database is older than what was sent: the stream gets a new id.
   */
  async resume(
    tx: Tx,
    who: Recipient,
    claim: { readonly lastSeq?: number | undefined; readonly stream?: string | undefined },
  ): Promise<Resumption> {
    const row = (await this.#row(tx, who)) ?? (await this.#create(tx, who));
    const known = claim.stream === undefined || claim.stream === row.stream;
    const lastSeq = known ? (claim.lastSeq ?? row.acked_seq) : row.acked_seq;
    if (known && lastSeq > row.last_seq) {
      const stream = randomId();
      await tx.run('UPDATE streams SET stream = ? WHERE username = ? AND role = ?', [
        stream,
        who.username,
        who.role,
      ]);
      return { stream, resumed: await this.#count(tx, who), from: 0 };
    }
    await this.acknowledge(tx, who, lastSeq);
    return { stream: row.stream, resumed: await this.#count(tx, who), from: lastSeq };
  }

  /** Stored messages after a number, in order. */
  async after(tx: Tx, of: Recipient, seq: number, limit: number): Promise<Numbered[]> {
    const rows = await tx.all<{ seq: number; message: string }>(
      'SELECT seq, message FROM outbox WHERE username = ? AND role = ? AND seq > ? ORDER BY seq LIMIT ?',
      [of.username, of.role, seq, limit],
    );
    return rows.map((row) => ({ seq: row.seq, text: withSeq(row.message, row.seq) }));
  }

  /** Deletes what nobody fetched in time. */
  async prune(tx: Tx, now: number): Promise<void> {
    await tx.run('DELETE FROM outbox WHERE expires_at < ?', [now]);
  }

  /** Drops the oldest messages of a recipient that never fetches them; those of open sessions stay. */
  async #cap(tx: Tx, { username, role }: Recipient): Promise<void> {
    const lasting = 'username = ? AND role = ? AND during_session IS NULL';
    await tx.run(
      `DELETE FROM outbox WHERE ${lasting} AND seq <=
         (SELECT seq FROM outbox WHERE ${lasting} ORDER BY seq DESC LIMIT 1 OFFSET ?)`,
      [username, role, username, role, MOST],
    );
  }

  async #nextSeq(tx: Tx, to: Recipient): Promise<number> {
    const row = await tx.get<{ last_seq: number }>(
      `INSERT INTO streams (username, role, stream, last_seq, acked_seq) VALUES (?, ?, ?, ?, 0)
       ON CONFLICT (username, role) DO UPDATE SET last_seq =
         CASE WHEN streams.last_seq + 1 < excluded.last_seq
           THEN excluded.last_seq ELSE streams.last_seq + 1 END
       RETURNING last_seq`,
      [to.username, to.role, randomId(), this.#floor],
    );
    if (row === undefined) throw new Error('a number was not given');
    return row.last_seq;
  }

  async #row(tx: Tx, who: Recipient): Promise<StreamRow | undefined> {
    return tx.get<StreamRow>(
      'SELECT stream, last_seq, acked_seq FROM streams WHERE username = ? AND role = ?',
      [who.username, who.role],
    );
  }

  async #create(tx: Tx, who: Recipient): Promise<StreamRow> {
    const stream = randomId();
    await tx.run(
      'INSERT INTO streams (username, role, stream, last_seq, acked_seq) VALUES (?, ?, ?, 0, 0)',
      [who.username, who.role, stream],
    );
    return { stream, last_seq: 0, acked_seq: 0 };
  }

  async #count(tx: Tx, who: Recipient): Promise<number> {
    const row = await tx.get<{ n: number }>(
      'SELECT COUNT(*) AS n FROM outbox WHERE username = ? AND role = ?',
      [who.username, who.role],
    );
    return row?.n ?? 0;
  }
}

interface StreamRow {
  readonly stream: string;
  readonly last_seq: number;
  readonly acked_seq: number;
}

const randomId = (): string => randomBytes(16).toString('hex');

/** `type` stays the first field of the object. */
const withSeq = (json: string, seq: number): string => `${json.slice(0, -1)},"seq":${seq}}`;
