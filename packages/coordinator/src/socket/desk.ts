/**
 * What a connection asks of the server: to register, to take a message, to note an acknowledgement.
 *
 * Every answer is given after the commit of the transaction that it belongs to.
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
import type { Numbered, Outbox, Recipient, Resumption } from '../delivery/outbox.ts';
import type { AuditLog, Clock, Identity, Tokens } from '../services.ts';
import type { SessionMessage, SessionService } from '../session/service.ts';
import type { Database, Tx } from '../store/database.ts';
import { Bucket } from './limits.ts';

/** What the desk works with. */
export interface DeskOptions {
  readonly database: Database;
  readonly tokens: Tokens;
  readonly outbox: Outbox;
  readonly hub: Hub;
  readonly sessions: SessionService;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly language: Language;
}

/** A registration that succeeded. */
export interface Registered extends Resumption {
  readonly recipient: Recipient;
  readonly identity: Identity;
  readonly lastCseq: number;
  readonly notices: readonly object[];
}

/** A registration that was refused. */
export interface Unregistered {
  readonly refused: ErrorCode;
  readonly details: string;
}

/** Refused registrations that are logged at once, and per second after that. */
const REFUSALS = 300;
const REFUSALS_PER_SECOND = 1;

/** Serves all connections. */
export class Desk {
  readonly options: DeskOptions;
  readonly #refusals: Bucket;

  constructor(options: DeskOptions) {
    this.options = options;
    this.#refusals = new Bucket(REFUSALS, REFUSALS_PER_SECOND, options.clock.now());
  }

  /** Verifies a registration; refusals are audited without saying more outside than the code. */
  async register(message: Register, remote: string): Promise<Registered | Unregistered> {
    const { tokens, database } = this.options;
    const { username, role } = message;
    const verdict = await tokens.verify(message.token);
    const refusal = refusalOf(verdict, message);
    if (refusal !== undefined || 'refused' in verdict) {
      const reason = refusal ?? { refused: 'invalid_token', details: '' };
      // Whoever can connect can be refused: a flood of refusals must not fill the log.
      if (this.#refusals.tryTake(1, this.options.clock.now())) {
        const details = { role, remote, code: reason.refused };
        await database.transaction((tx) => this.#audit(tx, message, 'refused', details));
      }
      return reason;
    }
    const recipient = { username, role };
    return database.transaction(async (tx) => {
      const claim = { lastSeq: message.last_seq, stream: message.stream };
      const resumption = await this.options.outbox.resume(tx, recipient, claim);
      const notices =
        role === 'participant' ? await this.options.sessions.notices(tx, username) : [];
      await this.#audit(tx, message, 'ok', { role, remote, token_id: verdict.tokenId });
      const cseq = await lastCseq(tx, recipient);
      return { ...resumption, recipient, identity: verdict, lastCseq: cseq, notices };
    });
  }

  /**
   * Takes a message. `answer` is called after the commit with what is not stored: the acknowledgement of
   * a numbered message, and the error of one that was refused.
   */
  async take(
    sender: Recipient,
    message: SessionMessage,
    answer: (message: object) => void,
  ): Promise<void> {
    const { database, sessions, language } = this.options;
    await database.transaction(async (tx) => {
      const { cseq } = message;
      const fresh = cseq === undefined || (await noteCseq(tx, sender, cseq));
      if (fresh) {
        const refusal = await sessions.handle(tx, sender, message);
        if (refusal !== undefined) {
          const error = errorMessage(refusal.code, {
            details: refusal.details,
            sessionKey: message.session_key,
            language,
            ...(cseq === undefined ? {} : { cseq }),
          });
          await this.options.outbox.send(tx, sender, error, { now: this.options.clock.now() });
        }
      }
      if (cseq !== undefined) tx.onCommit(() => answer({ type: 'ack', cseq }));
    });
  }

  /** Notes what a client has processed. */
  async acknowledge(of: Recipient, seq: number): Promise<void> {
    const { database, outbox } = this.options;
    await database.transaction((tx) => outbox.acknowledge(tx, of, seq));
  }

  /** Reads stored messages of a client. */
  stored(of: Recipient, after: number, limit: number): Promise<readonly Numbered[]> {
    const { database, outbox } = this.options;
    return database.read((tx) => outbox.after(tx, of, after, limit));
  }

  /** Writes to the audit log about a connection. */
  async note(
    actor: string,
    action: string,
    details: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    const { database, audit, clock } = this.options;
    const at = clock.now();
    await database.transaction((tx) =>
      audit.append(tx, { at, actor, action, subject: actor, outcome: 'refused', details }),
    );
  }

  #audit(
    tx: Tx,
    message: Register,
    outcome: 'ok' | 'refused',
    details: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { audit, clock } = this.options;
    const { username } = message;
    const event = { at: clock.now(), actor: username, action: 'socket.register' };
    return audit.append(tx, { ...event, subject: username, outcome, details });
  }
}

/** The token must be valid, speak for exactly this user, and allow the role (contract §1.1). */
function refusalOf(
  verdict: Identity | { readonly refused: string },
  message: Register,
): Unregistered | undefined {
  if ('refused' in verdict) return { refused: 'invalid_token', details: '' };
  if (verdict.username !== message.username) return { refused: 'invalid_token', details: '' };
  if (verdict.roles.includes(message.role)) return undefined;
  return { refused: 'forbidden_role', details: `not allowed: ${message.role}` };
}

/** Messages that only a registered client may send. */
export function isSessionMessage(message: ClientMessage): message is SessionMessage {
  return message.type !== 'register' && message.type !== 'ack';
}
