/**
 * Runs sessions: every input is decided and stored with its effects in one transaction before anybody sees it.
 * States in memory cache the events; a transaction that fails evicts them.
 *
 * All work on sessions runs in the database's queue of transactions, so that no two inputs of one session ever
 * interleave (J-6).
 */
import {
  type CancelRequest,
  type ClientMessage,
  type CloseRequest,
  isPart,
  kindOf,
  KINDS,
  type OrphanResponse,
  type OrphanResult,
  type RequestOf,
} from '@quorate/wire';
import type { Tally } from '../audit/index.ts';
import type { Users } from '../auth/index.ts';
import { follow } from '../delivery/followers.ts';
import type { Recipient } from '../delivery/recipient.ts';
import { Buckets } from '../limits/buckets.ts';
import type { RequestLimits } from '../limits/defaults.ts';
import type { Tx } from '../store/database.ts';
import { answerEntry, type UntimedEvent, refusalEntry, requestEntry } from './auditEntries.ts';
import { ceremonyOf, type GuardContext } from './ceremony.ts';
import { decide } from './decide.ts';
import { Endings } from './endings.ts';
import { guard } from './guard.ts';
import { completionOf, progressOf } from './messages.ts';
import { authoriseDeletion, noteDeletion, noticesFor, type OrphanAnswer } from './orphans.ts';
import { patienceOf } from './progress.ts';
import { firstStep } from './reduce.ts';
import { type Refusal, refuse } from './refusal.ts';
import { insertSession, knownRequest, openSessions } from './repository.ts';
import { requestHashOf } from './requestHash.ts';
import { excess } from './requestLimits.ts';
import { mayAsk } from './rights.ts';
import type { ParticipantMessage } from './run.ts';
import { Sessions, type SessionsOptions } from './sessions.ts';
import type { Deadlines } from './types.ts';

/** The parts of the server that sessions need. */
export interface SessionServiceOptions extends SessionsOptions {
  readonly users: Users;
  readonly tally: Tally;
  readonly deadlines: Deadlines;
  readonly limits: RequestLimits;
}

/** Messages about deletions that one user may send at once, and per second after that. */
const DELETIONS = 300;
const DELETIONS_PER_SECOND = 0.1;

/** Messages that sessions take. */
export type SessionMessage = Exclude<ClientMessage, { type: 'register' } | { type: 'ack' }>;

/** The sessions of one server. */
export class SessionService {
  readonly #options: SessionServiceOptions;
  readonly #sessions: Sessions;
  readonly #guarding: GuardContext;
  /** Ends sessions for reasons outside them. */
  readonly endings: Endings;

  constructor(options: SessionServiceOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options);
    const deletions = new Buckets(DELETIONS, DELETIONS_PER_SECOND);
    this.#guarding = {
      chips: options.chips,
      mayAskDeletion: (username) => deletions.tryTake(username, options.clock.elapsed()),
    };
    this.endings = new Endings(this.#sessions, options);
  }

  /** Resumes every session that was open when the server stopped. */
  async start(): Promise<void> {
    const { database, clock } = this.#options;
    const keys = await database.read(openSessions);
    for (const key of keys) {
      await database.transaction(async (tx) => {
        const loaded = await this.#sessions.load(tx, key);
        if (loaded === undefined) return;
        await this.#sessions.store(tx, loaded, { type: 'resumed', at: clock.now() });
      });
    }
  }

  /** Cancels all timers; sessions continue when the server starts again. */
  stop(): void {
    this.#sessions.stop();
  }

  /** Takes one message of a registered client; a refusal changes nothing but the audit log. */
  async handle(tx: Tx, sender: Recipient, message: SessionMessage): Promise<Refusal | undefined> {
    const refusal = await this.#dispatch(tx, sender, message);
    if (refusal === undefined) return undefined;
    const kind = { actor: sender.username, action: 'session.refuse', code: refusal.code } as const;
    if (this.#options.tally.first({ ...kind, outcome: 'refused' })) {
      await this.#audit(tx, refusalEntry(sender, message, refusal));
    }
    return refusal;
  }

  /** The notices for a participant that registers: records that it still has to delete. */
  async notices(tx: Tx, username: string): Promise<readonly object[]> {
    return [...(await noticesFor(tx, username)), ...(await this.#unfinished(tx, username))];
  }

  async #unfinished(tx: Tx, username: string): Promise<object[]> {
    const at = this.#options.clock.now();
    const notices: object[] = [];
    for (const kind of KINDS) {
      const { work } = ceremonyOf(this.#options.ceremonies, { kind });
      for (const sessionKey of await work.unfinishedFor(tx, username)) {
        const loaded = await this.#sessions.load(tx, sessionKey);
        const party = loaded?.state.parties.find((one) => one.username === username);
        if (loaded === undefined || party === undefined) continue;
        const run = this.#sessions.runner(tx, loaded, { at });
        const notice = await work.notice(run, loaded.state, this.#guarding, party);
        if (notice !== undefined) notices.push(notice);
      }
    }
    return notices;
  }

  async #dispatch(
    tx: Tx,
    sender: Recipient,
    message: SessionMessage,
  ): Promise<Refusal | undefined> {
    if (isPart(message, 'request')) {
      return sender.role === 'coordinator'
        ? this.#request(tx, sender, message)
        : wrongRole(message.type, 'coordinator');
    }
    if (isPart(message, 'response') || isPart(message, 'result')) {
      return sender.role === 'participant'
        ? this.#participate(tx, sender, message)
        : wrongRole(message.type, 'participant');
    }
    switch (message.type) {
      case 'cancel_request':
      case 'close_request':
        return sender.role === 'coordinator'
          ? this.#order(tx, sender, message)
          : wrongRole(message.type, 'coordinator');
      case 'round':
      case 'round_problem':
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

  async #request(tx: Tx, sender: Recipient, request: RequestOf): Promise<Refusal | undefined> {
    const requestHash = requestHashOf(request);
    const known = await knownRequest(tx, request.session_key);
    if (known !== undefined) {
      const same = known.coordinator === sender.username && known.requestHash === requestHash;
      if (same) return this.#repeatAnswer(tx, sender, request.session_key);
      return refuse('session_key_conflict', 'a session with this session_key has other content');
    }
    const { users, limits, clock, audit } = this.#options;
    const broken = audit.problem();
    if (broken !== undefined) return refuse('audit_broken', broken);
    const user = await users.find(tx, sender.username);
    if (!mayAsk(user)) return refuse('forbidden_role', 'not an active coordinator');
    const tooMany = await excess(tx, limits, sender.username, request.participants);
    if (tooMany !== undefined) return tooMany;
    const asker = { username: sender.username, at: clock.now(), user };
    const ceremony = ceremonyOf(this.#options.ceremonies, { kind: kindOf(request) });
    const event = await ceremony.work.open(tx, this.#options, asker, request);
    if ('code' in event) return event;
    const { state, effects } = firstStep(ceremony.rules, event);
    const opened = { ceremony, state, events: 1 };
    await insertSession(tx, opened, event, requestHash);
    await follow(tx, state.sessionKey, sender, event.at);
    this.#sessions.keep(tx, opened);
    await this.#audit(tx, requestEntry(sender.username, request.type, opened));
    await this.#sessions.runner(tx, opened, { at: event.at }).performAll(effects);
    return undefined;
  }

  /** Carries out an order about an open session, and reports the state after it. */
  async #order(
    tx: Tx,
    sender: Recipient,
    message: CancelRequest | CloseRequest,
  ): Promise<Refusal | undefined> {
    const { session_key: sessionKey } = message;
    const { username } = sender;
    const ended =
      message.type === 'cancel_request'
        ? await this.endings.cancel(tx, username, sessionKey)
        : await this.endings.close(tx, username, { sessionKey, reason: message.reason });
    if ('code' in ended) return ended;
    const { outbox, clock } = this.#options;
    const answer = progressOf(ended.ceremony.rules, ended.state);
    await outbox.send(tx, sender, answer, { now: clock.now() });
    return undefined;
  }

  /**
   * The same request again is a safe retry: its sender is told where the session stands (docs/spec/wire.md
   * §10), and hears of its end, whichever client asked first.
   */
  async #repeatAnswer(tx: Tx, sender: Recipient, sessionKey: string): Promise<undefined> {
    const loaded = await this.#sessions.load(tx, sessionKey);
    if (loaded === undefined) return undefined;
    const { ceremony, state } = loaded;
    const { outbox, language, clock } = this.#options;
    const answer =
      state.outcome === undefined
        ? progressOf(ceremony.rules, state)
        : completionOf(ceremony, state, state.outcome, language);
    const now = clock.now();
    if (state.outcome === undefined) await follow(tx, sessionKey, sender, now);
    await outbox.send(tx, sender, answer, { now });
    return undefined;
  }

  async #participate(
    tx: Tx,
    sender: Recipient,
    message: ParticipantMessage,
  ): Promise<Refusal | undefined> {
    const loaded = await this.#sessions.load(tx, message.session_key);
    if (loaded === undefined) {
      return refuse('unknown_session', 'no session with this session_key is yours');
    }
    const at = this.#options.clock.now();
    const decision = decide(loaded, message, { username: sender.username, at });
    switch (decision.kind) {
      case 'repeated':
        tx.mayWait();
        return undefined;
      case 'refused':
        if (decision.event) await this.#sessions.store(tx, loaded, decision.event);
        return decision.refusal;
      case 'event': {
        const { ceremony, state } = loaded;
        const refusal = await ceremony.work.admit(tx, this.#guarding, state, decision.event);
        if (refusal !== undefined) return refusal;
        const event = await guard(tx, this.#guarding, loaded, decision.event);
        const after = await this.#sessions.store(tx, loaded, event, message);
        tx.mayWait(patienceOf(state, after.state, event));
        if (message.type !== 'round') {
          await this.#audit(tx, answerEntry(sender.username, message, event));
        }
        return undefined;
      }
    }
  }

  async #orphan(
    tx: Tx,
    sender: Recipient,
    message: OrphanResponse | OrphanResult,
  ): Promise<Refusal | undefined> {
    const { chips, outbox, clock } = this.#options;
    const { username } = sender;
    const at = clock.now();
    if (!this.#guarding.mayAskDeletion(username))
      return refuse('rate_limited', 'too many deletions');
    const answer: OrphanAnswer | Refusal =
      message.type === 'orphan_response'
        ? await authoriseDeletion(tx, chips, { username, at }, message)
        : await noteDeletion(tx, username, message);
    if ('code' in answer) return answer;
    await this.#audit(tx, { actor: username, subject: message.session_key, ...answer.audit });
    if (answer.message !== undefined) await outbox.send(tx, sender, answer.message, { now: at });
    return undefined;
  }

  #audit(tx: Tx, event: UntimedEvent): Promise<void> {
    return this.#options.audit.append(tx, { at: this.#options.clock.now(), ...event });
  }
}

function wrongRole(type: string, role: string): Refusal {
  return refuse('forbidden_role', `${type} needs a connection registered as ${role}`);
}
