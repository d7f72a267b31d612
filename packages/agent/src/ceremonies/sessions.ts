/**
 * The sessions of one agent: hands each message to its session, and answers for sessions that died with an
 * earlier process. The kinds of ceremony are handed in.
 */
import {
  type ChipAuthorisation,
  type CompleteOf,
  type InviteOf,
  type Kind,
  KINDS,
  type ParamsOf,
  partOf,
  type ServerRound,
} from '@quorate/wire';
import type { Ceremonies } from './ceremony.ts';
import type { CeremonyContext, OuterContext } from './context.ts';
import { EndedSessions } from './ended.ts';
import { LostSessions } from './lost.ts';
import { Session } from './session.ts';
import { settleRecord } from './settle.ts';

/** The sessions of one agent. */
export class Sessions {
  readonly context: CeremonyContext;
  readonly #ceremonies: Ceremonies;
  readonly #running = new Map<string, Session<Kind>>();
  readonly #ended = new EndedSessions();
  readonly #lost: LostSessions;

  constructor(outer: OuterContext, ceremonies: Ceremonies) {
    this.context = {
      ...outer,
      banned: (keyId, peers, cause) => this.#onBanned(keyId, peers, cause),
      stopKey: (keyId, reason) => this.#onStopKey(keyId, reason),
      over: (sessionKey) => this.#onOver(sessionKey),
    };
    this.#ceremonies = ceremonies;
    this.#lost = new LostSessions(this.context, ceremonies);
  }

  /** Session keys of the sessions that run now. */
  get keys(): readonly string[] {
    const working = [...this.#running].filter(([, session]) => !session.onlyAnswers);
    return working.map(([sessionKey]) => sessionKey);
  }

  /** Resumes the sessions that endured a restart, and reports those that died with the process before this one. */
  start(): void {
    for (const kind of KINDS) this.#resume(kind);
    for (const sessionKey of this.#lost.recent()) {
      if (!this.#running.has(sessionKey)) this.#report(sessionKey);
    }
  }

  /** Ends all sessions without a word. */
  stop(): void {
    for (const session of this.#running.values()) session.stop();
  }

  /** Begins a session, once in the life of its session key. */
  invited(invite: InviteOf): void {
    this.#open(kindOf(invite), invite);
  }

  /** Parameters count only for a session that was accepted here (1.9.9). */
  params(params: ParamsOf): void {
    const kind = kindOf(params);
    this.#known(params, (session) => {
      if (session.kind === kind) session.receiveParams(params);
    });
  }

  /** Takes the coordinator's word on the end of a session. */
  completed(complete: CompleteOf): void {
    const kind = kindOf(complete);
    const session = this.#running.get(complete.session_key);
    if (session === undefined) this.#completedLate(kind, complete);
    else if (session.kind === kind) session.receiveComplete(complete);
  }

  /** Takes a round message. */
  round(message: ServerRound): void {
    const { round, from, to, body, signature } = message;
    this.#known(message, (session) => session.receiveRound({ round, from, to, body, signature }));
  }

  /** Takes a fresh authorisation for a renewed challenge. */
  authorised(message: ChipAuthorisation): void {
    this.#known(message, (session) => session.receiveAuthorisation(message));
  }

  /** Takes the coordinator's word that a session failed. */
  failed(sessionKey: string, reason: string): void {
    const session = this.#running.get(sessionKey);
    if (session) return session.endByCoordinator(reason);
    settleRecord(this.context, sessionKey);
    if (this.#ended.has(sessionKey)) return;
    for (const kind of KINDS) this.#ceremonies[kind].failedElsewhere(this.context, sessionKey);
  }

  #open<K extends Kind>(kind: K, invite: InviteOf<K>): void {
    const { session_key: sessionKey, part_index: partIndex } = invite;
    if (this.#running.has(sessionKey) || this.#ended.has(sessionKey)) return;
    if (this.context.state.used.find(sessionKey) !== undefined) return this.#report(sessionKey);
    const at = { sessionKey, partIndex };
    const session = new Session<K>(this.context, this.#ceremonies[kind], at);
    this.#running.set(sessionKey, session);
    session.begin(invite);
  }

  #resume<K extends Kind>(kind: K): void {
    const ceremony: Ceremonies[K] = this.#ceremonies[kind];
    for (const resumable of ceremony.resume(this.context)) {
      const session = new Session<K>(this.context, ceremony, resumable);
      this.#running.set(resumable.sessionKey, session);
      session.resume(resumable);
    }
  }

  #completedLate<K extends Kind>(kind: K, complete: CompleteOf<K>): void {
    this.#ceremonies[kind].completedLate(this.context, complete);
  }

  #report(sessionKey: string): void {
    this.#ended.add(sessionKey);
    this.#lost.report(sessionKey);
  }

  /** Ignores a message of a session that was not accepted here (1.9.9). */
  #known(
    message: { readonly type: string; readonly session_key: string },
    act: (session: Session<Kind>) => void,
  ): void {
    const { session_key, type } = message;
    const session = this.#running.get(session_key);
    if (session) return act(session);
    if (this.#ended.has(session_key)) return;
    if (this.context.state.used.find(session_key) !== undefined) return this.#report(session_key);
    this.context.logger.warn({ session_key, type }, 'ignored: this session was not accepted');
  }

  #onBanned(keyId: string, peers: readonly number[], cause: string): void {
    const { logger } = this.context;
    logger.error({ key_id: keyId, banned: peers, session_key: cause }, 'pair banned');
    for (const session of this.#running.values()) {
      if (session.sessionKey === cause || !session.involves(keyId, peers)) continue;
      session.fail(`aborted: banned-pair with part ${peers.join(', ')}`);
    }
  }

  #onStopKey(keyId: string, reason: string | null): void {
    for (const session of this.#running.values()) {
      if (!session.uses(keyId)) continue;
      if (reason === null) session.stop();
      else session.fail(reason);
    }
  }

  #onOver(sessionKey: string): void {
    this.#running.delete(sessionKey);
    this.#ended.add(sessionKey);
  }
}

/** The kind of a message of a ceremony. */
function kindOf({ type }: { readonly type: string }): Kind {
  const part = partOf(type);
  if (part === undefined) throw new TypeError(`unreachable: ${type} is of no ceremony`);
  return part.kind;
}
