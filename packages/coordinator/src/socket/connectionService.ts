/**
 * Serves connections: registers them, takes their messages, and stores their acknowledgements.
 *
 * Every answer is sent after the commit of its transaction.
 */
import {
  type ClientMessage,
  type ErrorCode,
  errorMessage,
  type Language,
  type Register,
} from '@quorate/wire';
import type { Hub } from '../delivery/hub.ts';
import { lastCseq, noteCseq } from '../delivery/inbox.ts';
import type { Numbered, Outbox } from '../delivery/outbox.ts';
import type { Recipient } from '../delivery/recipient.ts';
import type { AuditEvent, AuditLog, Tally } from '../audit/index.ts';
import type { Identity, Refused, Tokens } from '../auth/index.ts';
import type { Clock } from '../clock.ts';
import type { Refusal } from '../session/refusal.ts';
import type { SessionMessage, SessionService } from '../session/service.ts';
import type { Database, Tx } from '../store/database.ts';
import { Bucket } from '../limits/buckets.ts';
import type { InOrder } from './inOrder.ts';
import { RefusalCounts } from './refusalCounts.ts';
import { recipientOf, type Registered } from './registration.ts';

/** Parts of the server that the service uses. */
export interface ConnectionServiceOptions {
  readonly database: Database;
  readonly tokens: Tokens;
  readonly outbox: Outbox;
  readonly hub: Hub;
  readonly sessions: SessionService;
  readonly audit: AuditLog;
  readonly tally: Tally;
  readonly clock: Clock;
  readonly language: Language;
  /** Told of acknowledgements that could not be stored; the next ones take them along. */
  readonly onError: (error: unknown) => void;
}

/** A refused registration. */
export interface Unregistered {
  readonly refused: ErrorCode;
  readonly details: string;
}

/** Refused registrations logged in full in a burst, and per second after that. */
const REFUSALS = 300;
const REFUSALS_PER_SECOND = 1;

/** How long acknowledgements wait for a message to anybody, which takes them along, milliseconds. */
const ACKNOWLEDGED_MS = 1000;

/** Registrations of one user logged in full within a minute. */
const REGISTRATIONS = 30;

/** An act of a connection, for the log. */
export interface Note {
  readonly actor: string;
  readonly action: string;
  readonly outcome: AuditEvent['outcome'];
  readonly details: Readonly<Record<string, string | number>> & { readonly code: string };
}

/** Serves all connections. */
export class ConnectionService {
  readonly options: ConnectionServiceOptions;
  readonly #unregistered: Bucket;
  readonly #refusals = new RefusalCounts();
  #willStore = false;

  constructor(options: ConnectionServiceOptions) {
    this.options = options;
    this.#unregistered = new Bucket(REFUSALS, REFUSALS_PER_SECOND, options.clock.elapsed());
  }

  /** Verifies a registration. A refusal is audited, and the client learns only the code. */
  async register(message: Register, remote: string): Promise<Registered | Unregistered> {
    const { tokens, database, clock } = this.options;
    const { username, role } = message;
    const verdict = await tokens.verify(message.token);
    const refusal = refusalOf(verdict, message);
    if (refusal !== undefined || 'refused' in verdict) {
      const reason = refusal ?? { refused: 'invalid_token', details: '' };
      await this.noteRefusal(message, remote, reason.refused);
      return reason;
    }
    const recipient = recipientOf(message);
    if (this.options.hub.isFull(recipient)) {
      await this.noteRefusal(message, remote, 'too_many_connections');
      return { refused: 'too_many_connections', details: '' };
    }
    return database.transaction(async (tx) => {
      const claim = { lastSeq: message.last_seq, stream: message.stream };
      const resumption = await this.options.outbox.resume(tx, recipient, claim, clock.now());
      const notices =
        role === 'participant' ? await this.options.sessions.notices(tx, username) : [];
      const { client } = recipient;
      await this.#audit(tx, message, {
        role,
        remote,
        token_id: verdict.tokenId,
        ...(client === '' ? {} : { client_id: client }),
      });
      const cseq = await lastCseq(tx, recipient);
      return { ...resumption, recipient, identity: verdict, lastCseq: cseq, notices };
    });
  }

  /** Whether a token is still accepted. */
  async isGood(token: string): Promise<boolean> {
    return !('refused' in (await this.options.tokens.verify(token)));
  }

  /** Logs a refused registration. Anybody who can connect can be refused, so a flood must not fill the log. */
  async noteRefusal(message: Register, remote: string, code: string): Promise<void> {
    const { database, audit, clock, tally } = this.options;
    const { username: actor, role } = message;
    const action = 'socket.register';
    const at = clock.now();
    if (!this.#unregistered.tryTake(1, clock.elapsed())) {
      return tally.more({ actor: 'unregistered', action, code, outcome: 'refused' });
    }
    const details = { role, remote, code };
    const event = { at, actor, action, subject: actor, outcome: 'refused', details } as const;
    await database.transaction((tx) => audit.append(tx, event));
  }

  /**
   * Takes a message. After the commit, `answer` gets the messages that are not stored: the acknowledgement of
   * a numbered message, and the error for a refused one. Returns `flooded` if the sender is refused so often
   * that its connection has to close.
   */
  async take(
    sender: Recipient,
    message: SessionMessage,
    inOrder: InOrder,
    answer: (message: object) => void,
  ): Promise<'taken' | 'flooded'> {
    const { database, sessions } = this.options;
    const { cseq } = message;
    const begins = cseq === undefined ? undefined : inOrder.next();
    return database.transaction(async (tx) => {
      if (begins?.(tx) === false) return 'taken';
      const fresh = cseq === undefined || (await noteCseq(tx, sender, cseq));
      if (!fresh) tx.mayWait();
      const refusal = fresh ? await sessions.handle(tx, sender, message) : undefined;
      const flooded =
        refusal !== undefined && (await this.#refuse(tx, sender, message, refusal, answer));
      if (cseq !== undefined) tx.onCommit(() => answer({ type: 'ack', cseq }));
      return flooded ? 'flooded' : 'taken';
    });
  }

  /**
   * Answers a refused message. Only the refusal of a request is stored, because a coordinator waits for it;
   * losing any other costs only the sender.
   */
  async #refuse(
    tx: Tx,
    sender: Recipient,
    message: SessionMessage,
    refusal: Refusal,
    answer: (message: object) => void,
  ): Promise<boolean> {
    const { outbox, clock, language } = this.options;
    const now = clock.now();
    const verdict = this.#refusals.hit(sender.username, clock.elapsed());
    const error = errorMessage(verdict === 'told' ? refusal.code : 'rate_limited', {
      details: verdict === 'told' ? refusal.details : 'too many refused messages in a minute',
      sessionKey: message.session_key,
      language,
      ...(message.cseq === undefined ? {} : { cseq: message.cseq }),
    });
    const request = message.type.endsWith('_request');
    if (request && verdict === 'told') await outbox.send(tx, sender, error, { now });
    else tx.onCommit(() => answer(error));
    return verdict === 'flooded';
  }

  /** Notes how far a client has processed its messages; stored soon. */
  acknowledge(of: Recipient, seq: number): void {
    const { outbox } = this.options;
    outbox.acknowledge(of, seq);
    if (!this.#willStore) this.#storeLater();
  }

  /** Stores acknowledgements that no message to anybody has taken along. */
  #storeLater(): void {
    const { database, outbox, clock, onError } = this.options;
    this.#willStore = true;
    clock.after(ACKNOWLEDGED_MS, () => {
      this.#willStore = false;
      if (!outbox.owesStore) return;
      database.transaction((tx) => outbox.storeAcknowledged(tx)).catch(onError);
    });
  }

  /** Reads stored messages of a client. */
  stored(of: Recipient, after: number, limit: number): Promise<readonly Numbered[]> {
    const { database, outbox } = this.options;
    return database.read((tx) => outbox.after(tx, of, after, limit));
  }

  /** Logs an act of a connection: the first of its kind in a minute in full, the others as a count. */
  async note({ actor, action, outcome, details }: Note): Promise<void> {
    const { database, audit, clock, tally } = this.options;
    if (!tally.first({ actor, action, outcome, code: details.code })) return;
    const event = { at: clock.now(), actor, action, subject: actor, outcome, details };
    await database.transaction((tx) => audit.append(tx, event));
  }

  async #audit(
    tx: Tx,
    { username: actor }: Register,
    details: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { audit, clock, tally } = this.options;
    const event = { actor, action: 'socket.register', outcome: 'ok' } as const;
    if (!tally.first({ ...event, code: 'registered', full: REGISTRATIONS })) return;
    await audit.append(tx, { at: clock.now(), ...event, subject: actor, details });
  }
}

/**
 * Refuses unless the token is valid, belongs to exactly this user, and allows the role (docs/spec/wire.md §2).
 */
function refusalOf(verdict: Identity | Refused, message: Register): Unregistered | undefined {
  if ('refused' in verdict) return { refused: 'invalid_token', details: verdict.told ?? '' };
  if (verdict.username !== message.username) return { refused: 'invalid_token', details: '' };
  if (verdict.roles.includes(message.role)) return undefined;
  return { refused: 'forbidden_role', details: `not allowed: ${message.role}` };
}

/** Whether only a registered client may send this message. */
export function isSessionMessage(message: ClientMessage): message is SessionMessage {
  return message.type !== 'register' && message.type !== 'ack';
}
