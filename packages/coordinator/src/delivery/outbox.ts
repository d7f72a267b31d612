/**
 * The outbox: every message to a client is stored with its number before it is sent, and kept until it is
 * acknowledged or a week old (docs/spec/wire.md §3).
 */
import { DEADLINES } from '@quorate/wire';
import type { Tx } from '../store/database.ts';
import { bytesOf, keptOf, keptWith, textOf } from './kept.ts';
import { keyOf, OF_RECIPIENT, type Recipient } from './recipient.ts';
import {
  removeClient,
  idleClients,
  type IsConnected,
  nextSeq,
  openStream,
  renameStream,
  streamId,
} from './streams.ts';

/** A stored message. `text` is its JSON with `seq`. */
export interface Numbered {
  readonly seq: number;
  readonly text: string;
}

/** The state of a stream at registration. */
export interface Resumption {
  readonly stream: string;
  /** How many messages will be replayed. */
  readonly resumed: number;
  /** The highest number that the client is known to have processed. */
  readonly from: number;
}

/** When a message is sent, and during which session it is of use. */
export interface SendingTerms {
  readonly now: number;
  readonly during?: string;
}

interface Acknowledged {
  readonly of: Recipient;
  readonly seq: number;
}

/** Called for every message once it is durable, in the order of its numbers. */
export type Deliver = (to: Recipient, message: Numbered) => void;

/** How long unfetched messages and absent clients are kept, milliseconds. */
export interface DeliveryRetention {
  /** A message. */
  readonly messages: number;
  /** A named client that does not return, once nothing is stored for it. */
  readonly clients: number;
}

/** The retention unless configured. */
export const RETENTION: DeliveryRetention = {
  messages: DEADLINES.completion,
  clients: 24 * 3_600_000,
};

/**
 * How many messages that outlive their session (errors, completions) are kept for one recipient; the newest
 * stay.
 */
const MOST = 4096;

/** A recipient's messages are counted once in this many. */
const COUNTED = 256;

/** The columns that name a message. */
const NUMBER = 'username, role, client, seq';

/** Messages on their way to clients. */
export class Outbox {
  readonly #deliver: Deliver;
  readonly #kept: DeliveryRetention;
  readonly #isConnected: IsConnected;
  /** By recipient: how far it has acknowledged, where that is not stored yet. */
  readonly #acknowledged = new Map<string, Acknowledged>();
  #floor = 1;

  constructor(
    deliver: Deliver,
    kept: DeliveryRetention = RETENTION,
    isConnected: IsConnected = () => false,
  ) {
    this.#deliver = deliver;
    this.#kept = kept;
    this.#isConnected = isConnected;
  }

  /** Fixes the lowest number of this run; call once, before anything is sent. */
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
   * Stores a message and delivers it once the transaction is durable. `during` names the session of a message
   * that is useless after that session ends.
   */
  send(tx: Tx, to: Recipient, message: object, terms: SendingTerms): Promise<void> {
    return this.sendToAll(tx, [to], message, terms);
  }

  /** The same for several recipients of one message. */
  async sendToAll(
    tx: Tx,
    recipients: readonly Recipient[],
    message: object,
    { now, during }: SendingTerms,
  ): Promise<void> {
    await this.storeAcknowledged(tx);
    const kept = keptOf(message);
    const bytes = bytesOf(kept);
    for (const to of recipients) {
      const seq = await nextSeq(tx, to, this.#floor, now);
      await tx.run(
        `INSERT INTO outbox (username, role, client, seq, message, during_session, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        [...keyOf(to), seq, kept.json, during ?? null, now + this.#kept.messages],
      );
      if (bytes !== null) {
        await tx.run(`INSERT INTO outbox_bodies (${NUMBER}, body) VALUES (?, ?, ?, ?, ?)`, [
          ...keyOf(to),
          seq,
          bytes,
        ]);
      }
      if (seq % COUNTED === 0) await this.#cap(tx, to);
      tx.onCommit(() => this.#deliver(to, { seq, text: textOf(kept, seq) }));
    }
  }

  /** Removes messages that only an open session needs: invitations, parameters, rounds. */
  async sessionEnded(tx: Tx, sessionKey: string): Promise<void> {
    await removeMessages(tx, 'during_session = ?', [sessionKey]);
  }

  /**
   * Notes that a client has processed its messages up to a number. Nobody's next step depends on it, so it is
   * stored together with the next message to anybody, or by {@link storeAcknowledged}.
   */
  acknowledge(of: Recipient, seq: number): void {
    const key = keyOf(of).join('\n');
    if (seq > (this.#acknowledged.get(key)?.seq ?? 0)) this.#acknowledged.set(key, { of, seq });
  }

  /** Whether anything was acknowledged that is not stored yet. */
  get owesStore(): boolean {
    return this.#acknowledged.size > 0;
  }

  /** Stores what was acknowledged, and removes those messages. */
  async storeAcknowledged(tx: Tx): Promise<void> {
    if (this.#acknowledged.size === 0) return;
    const noted = [...this.#acknowledged.values()];
    this.#acknowledged.clear();
    tx.onRollback(() => {
      for (const { of, seq } of noted) this.acknowledge(of, seq);
    });
    for (const { of, seq } of noted) await this.#remove(tx, of, seq);
  }

  async #remove(tx: Tx, of: Recipient, seq: number): Promise<void> {
    await tx.run(
      `UPDATE streams SET acked_seq = ? WHERE ${OF_RECIPIENT} AND acked_seq < ? AND last_seq >= ?`,
      [seq, ...keyOf(of), seq, seq],
    );
    await removeMessages(tx, `${OF_RECIPIENT} AND seq <= ?`, [...keyOf(of), seq]);
  }

  /**
   * Finds out where a client stands. A `last_seq` of another stream means nothing; one ahead of this database
   * shows that the database is older than the messages sent, so the stream gets a new id.
   */
  async resume(
    tx: Tx,
    who: Recipient,
    claim: { readonly lastSeq?: number | undefined; readonly stream?: string | undefined },
    now: number,
  ): Promise<Resumption> {
    await this.storeAcknowledged(tx);
    const row = await openStream(tx, who, now, this.#isConnected);
    const known = claim.stream === undefined || claim.stream === row.stream;
    const lastSeq = known ? (claim.lastSeq ?? row.acked_seq) : row.acked_seq;
    if (known && lastSeq > row.last_seq) {
      const stream = streamId();
      await renameStream(tx, who, stream);
      return { stream, resumed: await this.#count(tx, who), from: 0 };
    }
    await this.#remove(tx, who, lastSeq);
    return { stream: row.stream, resumed: await this.#count(tx, who), from: lastSeq };
  }

  /** Stored messages after a number, in order. */
  async after(tx: Tx, of: Recipient, seq: number, limit: number): Promise<Numbered[]> {
    const rows = await tx.all<{ seq: number; message: string; body: Uint8Array | null }>(
      `SELECT seq, message, body FROM outbox LEFT JOIN outbox_bodies USING (${NUMBER})
       WHERE ${OF_RECIPIENT} AND seq > ? ORDER BY seq LIMIT ?`,
      [...keyOf(of), seq, limit],
    );
    return rows.map((row) => {
      const kept = keptWith(row.message, row.body);
      return { seq: row.seq, text: textOf(kept, row.seq) };
    });
  }

  /** Removes expired messages, and named clients that do not return. */
  async prune(tx: Tx, now: number): Promise<void> {
    await tx.run('DELETE FROM outbox WHERE expires_at < ?', [now]);
    for (const who of await idleClients(tx, now - this.#kept.clients)) {
      if (!this.#isConnected(who)) await removeClient(tx, who);
    }
  }

  /** Removes the oldest messages of a recipient that never fetches them; those of open sessions stay. */
  async #cap(tx: Tx, to: Recipient): Promise<void> {
    const lasting = `${OF_RECIPIENT} AND during_session IS NULL`;
    await tx.run(
      `DELETE FROM outbox WHERE ${lasting} AND seq <=
         (SELECT seq FROM outbox WHERE ${lasting} ORDER BY seq DESC LIMIT 1 OFFSET ?)`,
      [...keyOf(to), ...keyOf(to), MOST],
    );
  }

  async #count(tx: Tx, who: Recipient): Promise<number> {
    const row = await tx.get<{ n: number }>(
      `SELECT COUNT(*) AS n FROM outbox WHERE ${OF_RECIPIENT}`,
      keyOf(who),
    );
    return row?.n ?? 0;
  }
}

/**
 * Removes messages. Bodies of rounds are as good as public and need not be overwritten; other messages may hold a
 * ciphertext (docs/spec/coordinator.md §6).
 */
async function removeMessages(
  tx: Tx,
  which: string,
  params: readonly (string | number)[],
): Promise<void> {
  const numbers = `SELECT ${NUMBER} FROM outbox WHERE ${which}`;
  await tx.runUnerased(`DELETE FROM outbox_bodies WHERE (${NUMBER}) IN (${numbers})`, params);
  await tx.run(`DELETE FROM outbox WHERE ${which}`, params);
}
