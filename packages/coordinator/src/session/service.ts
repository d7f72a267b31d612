/**
 * Sessions at work: every input is decided, stored with its effects in one transaction, and only then
 * seen by anybody. States live in memory as a cache of the events; a transaction that fails evicts them.
 *
 * All work on sessions runs in the database's queue of transactions, so that no two inputs of one session
 * ever interleave (attacks.md J-6).
 */
import type { ClientMessage, KeygenRequest, SignRequest } from '@quorate/wire';
import type { Tally } from '../audit/index.ts';
import type { Clock, Users } from '../services.ts';
import { Buckets } from '../socket/limits.ts';
import type { Database, Tx } from '../store/database.ts';
import { decide, type ParticipantMessage } from './decide.ts';
import { type EffectContext, perform } from './effects.ts';
import { guard } from './guard.ts';
import { completionOf, progressOf } from './messages.ts';
import { authoriseDeletion, noteDeletion, noticesFor, type OrphanAnswer } from './orphans.ts';
import { currentDeadline } from './progress.ts';
import { apply, open } from './reduce.ts';
import { type Refusal, refuse } from './refusal.ts';
import {
  appendEvent,
  countOpen,
  insertSession,
  type Loaded,
  loadSession,
  openSessions,
  originOf,
} from './repository.ts';
import { requestHashOf } from './requestHash.ts';
import { openKeygen, openSign } from './requests.ts';
import { Timers } from './timers.ts';
import { answerEntry, type Entry, refusalEntry, requestEntry } from './trail.ts';
import type { Deadlines, Event } from './types.ts';

/** What sessions need of the rest of the server. */
export interface SessionServiceOptions extends EffectContext {
  readonly database: Database;
  readonly users: Users;
  readonly tally: Tally;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Open sessions that one coordinator may have. */
  readonly maxOpenSessions: number;
  /** Told of failures that no message asked for, such as a deadline that could not be stored. */
  readonly onError: (error: unknown) => void;
}

/** Who sent a message, in which role. */
export interface Sender {
  readonly username: string;
  readonly role: 'coordinator' | 'participant';
}

/** Messages that sessions take. */
export type SessionMessage = Exclude<ClientMessage, { type: 'register' } | { type: 'ack' }>;

/** How many ended sessions stay in memory for late messages. */
const ENDED_CACHE = 256;

/** Messages about the deletion of orphans that one user may send at once, and per second after that. */
const DELETIONS = 300;
const DELETIONS_PER_SECOND = 0.1;

/** The sessions of one server. */
export class SessionService {
  readonly #options: SessionServiceOptions;
  readonly #cache = new Map<string, Loaded>();
  readonly #deletions = new Buckets(DELETIONS, DELETIONS_PER_SECOND);
  readonly #timers: Timers;

  constructor(options: SessionServiceOptions) {
    this.#options = options;
    this.#timers = new Timers(options.clock, (key) => {
      this.#expire(key).catch(options.onError);
    });
  }

  /** Takes up every session that had not ended when the server stopped. */
  async start(): Promise<void> {
    const { database, clock } = this.#options;
    const keys = await database.read(openSessions);
    for (const key of keys) {
      await database.transaction(async (tx) => {
        const loaded = await this.#load(tx, key);
        if (loaded === undefined) return;
        await this.#store(tx, loaded, { type: 'resumed', at: clock.now() });
      });
    }
  }

  /** Cancels all timers; sessions go on when the server starts again. */
  stop(): void {
    this.#timers.stop();
  }

  /** Takes one message of a registered client; a refusal changes nothing but the audit log. */
  async handle(tx: Tx, sender: Sender, message: SessionMessage): Promise<Refusal | undefined> {
    const refusal = await this.#dispatch(tx, sender, message);
    if (refusal === undefined) return undefined;
    const kind = { actor: sender.username, action: 'session.refuse', code: refusal.code } as const;
    if (this.#options.tally.first({ ...kind, outcome: 'refused' })) {
      await this.#audit(tx, refusalEntry(sender, message, refusal));
    }
    return refusal;
  }

  /** What a participant is told when it registers. */
  async notices(tx: Tx, username: string): Promise<readonly object[]> {
    return noticesFor(tx, username);
  }

  async #dispatch(tx: Tx, sender: Sender, message: SessionMessage): Promise<Refusal | undefined> {
    switch (message.type) {
      case 'keygen_request':
      case 'sign_request':
        return sender.role === 'coordinator'
          ? this.#request(tx, sender, message)
          : wrongRole(message.type, 'coordinator');
      case 'keygen_response':
      case 'keygen_result':
      case 'sign_response':
      case 'sign_result':
      case 'round':
      case 'chip_challenge':
        return sender.role === 'participant'
          ? this.#participate(tx, sender, message)
          : wrongRole(message.type, 'participant');
      case 'orphan_response':
      case 'orphan_result':
        return sender.role === 'participant'
          ? this.#orphan(tx, sender, message)
          : wrongRole(message.type, 'participant');
    }
  }

  async #request(
    tx: Tx,
    sender: Sender,
    request: KeygenRequest | SignRequest,
  ): Promise<Refusal | undefined> {
    const requestHash = requestHashOf(request);
    const origin = await originOf(tx, request.session_key);
    if (origin !== undefined) {
      const same = origin.coordinator === sender.username && origin.requestHash === requestHash;
      if (same) return this.#repeatAnswer(tx, sender, request.session_key);
      return refuse('session_key_conflict', 'a session of this key exists with other content');
    }
    const { users, maxOpenSessions, clock } = this.#options;
    const user = await users.find(tx, sender.username);
    if (user?.state !== 'active' || !user.roles.includes('coordinator')) {
      return refuse('forbidden_role', 'no active coordinator');
    }
    if ((await countOpen(tx, sender.username)) >= maxOpenSessions) {
      return refuse('too_many_sessions', `at most ${maxOpenSessions} open sessions`);
    }
    const asker = { username: sender.username, at: clock.now() };
    const event =
      request.type === 'keygen_request'
        ? await openKeygen(tx, this.#options, asker, request)
        : await openSign(tx, this.#options, asker, request);
    if ('code' in event) return event;
    const { state, effects } = open(event);
    await insertSession(tx, state, event, requestHash);
    this.#keep(tx, { state, events: 1 });
    await this.#audit(tx, requestEntry(sender.username, request.type, state));
    await perform(tx, this.#options, state, effects, { at: event.at });
    return undefined;
  }

  /** The same request again is a safe retry: it is told where the session stands (contract §1.5). */
  async #repeatAnswer(tx: Tx, sender: Sender, sessionKey: string): Promise<undefined> {
    const loaded = await this.#load(tx, sessionKey);
    if (loaded === undefined) return undefined;
    const { state } = loaded;
    const { outbox, language, clock } = this.#options;
    const answer =
      state.outcome === undefined
        ? progressOf(state)
        : completionOf(state, state.outcome, language);
    const to = { username: sender.username, role: 'coordinator' } as const;
    await outbox.send(tx, to, answer, { now: clock.now() });
    return undefined;
  }

  async #participate(
    tx: Tx,
    sender: Sender,
    message: ParticipantMessage,
  ): Promise<Refusal | undefined> {
    const loaded = await this.#load(tx, message.session_key);
    if (loaded === undefined) {
      return refuse('unknown_session', 'no session with this session_key is yours');
    }
    const at = this.#options.clock.now();
    const decision = decide(loaded.state, message, { username: sender.username, at });
    switch (decision.kind) {
      case 'repeated':
        return undefined;
      case 'refused':
        return decision.refusal;
      case 'event': {
        const event = await guard(tx, this.#options.chips, loaded.state, decision.event);
        if (message.type === 'round') {
          const { cseq: _, ...round } = message;
          await this.#store(tx, loaded, event, round);
        } else {
          await this.#store(tx, loaded, event);
          await this.#audit(tx, answerEntry(sender.username, message, event));
        }
        return undefined;
      }
    }
  }

  async #orphan(
    tx: Tx,
    sender: Sender,
    message: Extract<SessionMessage, { type: 'orphan_response' | 'orphan_result' }>,
  ): Promise<Refusal | undefined> {
    const { chips, outbox, clock } = this.#options;
    const { username } = sender;
    const at = clock.now();
    if (!this.#deletions.tryTake(username, at)) return refuse('rate_limited', 'too many deletions');
    const answer: OrphanAnswer | Refusal =
      message.type === 'orphan_response'
        ? await authoriseDeletion(tx, chips, { username, at }, message)
        : await noteDeletion(tx, username, message);
    if ('code' in answer) return answer;
    await this.#audit(tx, { actor: username, subject: message.session_key, ...answer.audit });
    const to = { username, role: 'participant' } as const;
    if (answer.message !== undefined) await outbox.send(tx, to, answer.message, { now: at });
    return undefined;
  }

  async #load(tx: Tx, sessionKey: string): Promise<Loaded | undefined> {
    const cached = this.#cache.get(sessionKey);
    if (cached !== undefined) return cached;
    const loaded = await loadSession(tx, sessionKey);
    if (loaded !== undefined) this.#keep(tx, loaded);
    return loaded;
  }

  async #store(
    tx: Tx,
    before: Loaded,
    event: Event,
    round?: Parameters<typeof perform>[4]['round'],
  ): Promise<void> {
    const { state, effects } = apply(before.state, event);
    if (state === before.state) return;
    await appendEvent(tx, before, event, state);
    this.#keep(tx, { state, events: before.events + 1 });
    const cause = { at: event.at, ...(round === undefined ? {} : { round }) };
    await perform(tx, this.#options, state, effects, cause);
  }

  #keep(tx: Tx, loaded: Loaded): void {
    const { sessionKey } = loaded.state;
    this.#cache.delete(sessionKey);
    this.#cache.set(sessionKey, loaded);
    tx.onRollback(() => this.#cache.delete(sessionKey));
    tx.onCommit(() => {
      this.#timers.set(sessionKey, currentDeadline(loaded.state));
      this.#evict();
    });
  }

  #evict(): void {
    if (this.#cache.size <= ENDED_CACHE) return;
    for (const [key, { state }] of this.#cache) {
      if (this.#cache.size <= ENDED_CACHE) return;
      if (state.outcome !== undefined) this.#cache.delete(key);
    }
  }

  async #expire(sessionKey: string): Promise<void> {
    const { database, clock } = this.#options;
    await database.transaction(async (tx) => {
      const loaded = await this.#load(tx, sessionKey);
      if (loaded === undefined) return;
      const at = clock.now();
      const deadline = currentDeadline(loaded.state);
      if (deadline === undefined) return;
      if (at < deadline) return tx.onCommit(() => this.#timers.set(sessionKey, deadline));
      await this.#store(tx, loaded, { type: 'expired', at });
    });
  }

  #audit(tx: Tx, event: Entry): Promise<void> {
    return this.#options.audit.append(tx, { at: this.#options.clock.now(), ...event });
  }
}

function wrongRole(type: string, role: string): Refusal {
  return refuse('forbidden_role', `${type} is for a connection registered as ${role}`);
}
