/**
 * One participant: takes messages from the link, hands each to its session, and answers for sessions
 * that died with an earlier process.
 */
import { isFinalCode, type ServerMessage } from '@quorate/wire';
import type { Agent, AgentOptions } from './agentTypes.ts';
import type { CeremonyContext } from './ceremonies/context.ts';
import { completeKey, reportOrphan } from './ceremonies/keygen/keyFate.ts';
import { KeygenCeremony } from './ceremonies/keygen/ceremony.ts';
import { DestroyDesk } from './ceremonies/destroy/ceremony.ts';
import { LostSessions } from './ceremonies/lost.ts';
import { OrphanDesk } from './ceremonies/keygen/orphan.ts';
import { tellable } from './ceremonies/refusal.ts';
import { SignCeremony } from './ceremonies/sign/ceremony.ts';
import type { Chip } from './chip/chip.ts';
import type { AgentConfig } from './config.ts';
import { type AgentError, messageOf } from './errors.ts';
import { createLink } from './link/link.ts';
import type { Link, LinkStatus } from './link/types.ts';
import { type Logger, silentLogger } from './logger.ts';
import { createMutexes } from './mutexes.ts';
import {
  type Approver,
  approverFromConfig,
  approverOf,
  authorityFromConfig,
  tokenFromConfig,
} from './providers.ts';
import type { AgentState } from './records/state.ts';
import type { ThreadHealth } from './threads/health.ts';
import { createWorkerPool, type WorkerPool } from './protocol/pool.ts';

/** A running agent; whoever makes it gives it what it has opened. */
export class Participant implements Agent {
  readonly username: string;
  readonly cpic: string;
  readonly state: AgentState;
  readonly #chip: Chip;
  readonly #approver: Approver;
  readonly #logger: Logger;
  readonly #link: Link;
  readonly #pool: WorkerPool;
  readonly #context: CeremonyContext;
  readonly #orphans: OrphanDesk;
  readonly #destructions: DestroyDesk;
  readonly #keygens = new Map<string, KeygenCeremony>();
  readonly #signs = new Map<string, SignCeremony>();
  /** Sessions that ended in this process: what still arrives for them is late, not lost. */
  readonly #ended = new Set<string>();
  readonly #lost: LostSessions;
  #closing: Promise<void> | undefined;

  constructor(
    options: AgentOptions & { readonly config: AgentConfig },
    state: AgentState,
    chip: Chip,
  ) {
    const { config, directory } = options;
    const authority = authorityFromConfig(directory, config);
    this.username = config.username;
    this.cpic = chip.cpic;
    this.state = state;
    this.#chip = chip;
    this.#approver = options.approve
      ? approverOf(options.approve)
      : approverFromConfig(directory, config);
    this.#logger = options.logger ?? silentLogger;
    this.#link = createLink({
      url: config.url,
      username: config.username,
      role: 'participant',
      token: options.token ?? tokenFromConfig(directory, config),
      state: state.link,
      refusals: { patience: config.give_up_after * 1000 },
      batch: true,
      allowInsecure: config.allow_insecure,
      ...(authority === undefined ? {} : { ca: authority }),
      ...(options.onStatus ? { onStatus: options.onStatus } : {}),
      logger: this.#logger,
      onMessage: (message) => this.#onMessage(message),
    });
    this.#pool =
      options.pool ??
      createWorkerPool(config.workers, {
        logger: this.#logger,
        timeoutMs: config.thread_timeout * 1000,
        onLost: () => options.onThreads?.(this.threads),
      });
    this.#context = {
      username: config.username,
      seId: config.se_id,
      state,
      chip,
      pool: this.#pool,
      approve: this.#approver.approve,
      logger: this.#logger,
      now: options.now ?? Date.now,
      monotonic: options.monotonic ?? (() => performance.now()),
      send: (message, isGood) => this.#link.send(message, isGood),
      knows: (feature) => this.#link.knows(feature),
      patience: options.patience,
      exclusive: createMutexes(),
      banned: (address, peers, cause) => this.#onBanned(address, peers, cause),
      stopKey: (address, reason) => this.#onStopKey(address, reason),
      over: (sessionKey) => this.#onOver(sessionKey),
    };
    this.#orphans = new OrphanDesk(this.#context);
    this.#destructions = new DestroyDesk(this.#context);
    this.#lost = new LostSessions(this.#context, (sessionKey) => this.#ended.add(sessionKey));
  }

  get status(): LinkStatus {
    return this.#link.status;
  }

  get failure(): AgentError | undefined {
    return this.#link.failure;
  }

  get threads(): readonly ThreadHealth[] {
    return this.#pool.health;
  }

  get sessions(): readonly string[] {
    return [...this.#keygens.keys(), ...this.#signs.keys()];
  }

  /** Connects, and reports at once the sessions that died with the process before this one. */
  start(): void {
    this.#link.start();
    this.#lost.reportRecent();
    this.#destructions.resume();
  }

  registered(): Promise<void> {
    return this.#link.registered();
  }

  close(ending: (what: string) => void = () => undefined): Promise<void> {
    return (this.#closing ??= this.#close(ending));
  }

  async #close(ending: (what: string) => void): Promise<void> {
    ending('the connection to the coordinator');
    await this.#link.close();
    for (const session of [...this.#keygens.values(), ...this.#signs.values()]) session.stop();
    this.#destructions.stop();
    this.#approver.close();
    ending('the protocol threads');
    await this.#pool.close();
    ending('the chip');
    await this.#chip.close();
    this.state.close();
  }

  #onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'keygen_invite':
      case 'sign_invite':
        return this.#onInvite(message);
      case 'keygen_params':
        return this.#known(this.#keygens, message, (session) => session.receiveParams(message));
      case 'sign_params':
        return this.#known(this.#signs, message, (session) => session.receiveParams(message));
      case 'round': {
        const sessions = this.#keygens.has(message.session_key) ? this.#keygens : this.#signs;
        const { round, from, to, body, signature } = message;
        const frame = { round, from, to, body, signature };
        return this.#known<KeygenCeremony | SignCeremony>(sessions, message, (session) =>
          session.receiveRound(frame),
        );
      }
      case 'chip_authorisation':
        return this.#background(this.#onAuthorisation(message));
      case 'destroy_invite':
        return this.#background(this.#destructions.receiveInvite(message));
      case 'destroy_params':
        return this.#background(this.#destructions.receiveParams(message));
      case 'destroy_complete':
        return this.#destructions.receiveComplete(message);
      case 'keygen_complete':
        return this.#onKeygenComplete(message);
      case 'sign_complete':
        return this.#onSignComplete(message);
      case 'error':
        return this.#onError(message);
      case 'orphan_notice':
        return this.#background(this.#orphans.receiveNotice(message));
      case 'orphan_authorisation':
        return this.#background(this.#orphans.receiveAuthorisation(message));
      case 'register_complete':
      case 'ack':
      case 'session_state':
        return undefined;
    }
  }

  async #onAuthorisation(
    message: Extract<ServerMessage, { type: 'chip_authorisation' }>,
  ): Promise<void> {
    if (await this.#destructions.receiveAuthorisation(message)) return;
    this.#known(this.#signs, message, (session) => session.receiveAuthorisation(message));
  }

  #onInvite(message: Extract<ServerMessage, { type: 'keygen_invite' | 'sign_invite' }>): void {
    const { session_key } = message;
    if (this.#session(session_key) || this.#ended.has(session_key)) return;
    if (this.state.used.find(session_key) !== undefined) return this.#lost.report(session_key);
    if (message.type === 'keygen_invite') {
      this.#keygens.set(session_key, new KeygenCeremony(this.#context, message));
    } else {
      this.#signs.set(session_key, new SignCeremony(this.#context, message));
    }
    this.#session(session_key)?.begin();
  }

  /** Nothing happens for a session that was not accepted here (1.9.9). */
  #known<S>(
    sessions: ReadonlyMap<string, S>,
    message: { readonly type: string; readonly session_key: string },
    act: (session: S) => void,
  ): void {
    const { session_key, type } = message;
    const session = sessions.get(session_key);
    if (session) return act(session);
    if (this.#ended.has(session_key)) return;
    if (this.state.used.find(session_key) !== undefined) return this.#lost.report(session_key);
    this.#logger.warn({ session_key, type }, 'ignored: this session was not accepted');
  }

  #onKeygenComplete(message: Extract<ServerMessage, { type: 'keygen_complete' }>): void {
    const session = this.#keygens.get(message.session_key);
    if (session) return session.receiveComplete(message);
    this.#lost.settle(message.session_key);
    if (message.success) return completeKey(this.#context, message);
    reportOrphan(this.#context, message.session_key);
  }

  #onSignComplete(message: Extract<ServerMessage, { type: 'sign_complete' }>): void {
    const session = this.#signs.get(message.session_key);
    if (session) return session.receiveComplete(message);
    this.#lost.settle(message.session_key, message.success ? message.signature : undefined);
  }

  #onError(message: Extract<ServerMessage, { type: 'error' }>): void {
    const { session_key, code = 'error' } = message;
    const detail = tellable(`${message.message} ${message.details}`);
    this.#logger.warn({ session_key, code, detail }, 'the coordinator reports an error');
    // An answer to one message of ours says nothing of the session that the message was about.
    if (session_key === undefined || message.cseq !== undefined || !isFinalCode(code)) return;
    const session = this.#session(session_key);
    if (session) return session.endedByCoordinator(message.abort?.reason ?? code);
    if (this.#destructions.endedByCoordinator(session_key)) return;
    this.#lost.settle(session_key);
    if (!this.#ended.has(session_key)) reportOrphan(this.#context, session_key);
  }

  #onBanned(address: string, peers: readonly number[], cause: string): void {
    this.#logger.error({ address, banned: peers, session_key: cause }, 'pair banned');
    for (const session of this.#signs.values()) {
      if (session.sessionKey === cause || !session.involves(address, peers)) continue;
      session.fail(`aborted: banned-pair with part ${peers.join(', ')}`);
    }
  }

  #onStopKey(address: string, reason: string | null): void {
    for (const session of this.#signs.values()) {
      if (!session.uses(address)) continue;
      if (reason === null) session.stop();
      else session.fail(reason);
    }
  }

  #onOver(sessionKey: string): void {
    for (const sessions of [this.#keygens, this.#signs]) sessions.delete(sessionKey);
    this.#ended.add(sessionKey);
  }

  #session(sessionKey: string): KeygenCeremony | SignCeremony | undefined {
    return this.#keygens.get(sessionKey) ?? this.#signs.get(sessionKey);
  }

  #background(work: Promise<void>): void {
    work.catch((error: unknown) =>
      this.#logger.warn({ error: messageOf(error) }, 'a deletion was not handled'),
    );
  }
}
