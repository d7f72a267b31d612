/**
 * One participant: takes messages from the link and hands each to the sessions, or to the code that cleans up
 * after them.
 */
import {
  type Chip,
  createMutexes,
  type HolderError,
  type Logger,
  messageOf,
  silentLogger,
  type ThreadHealth,
} from '@quorate/holder';
import { isFinalCode, isPart, type ServerMessage } from '@quorate/wire';
import type { Agent, AgentOptions } from './agentTypes.ts';
import type { Ceremonies } from './ceremonies/ceremony.ts';
import { Orphans } from './ceremonies/keygen/orphan.ts';
import { tellable } from './ceremonies/refusal.ts';
import { Sessions } from './ceremonies/sessions.ts';
import type { AgentConfig } from './config.ts';
import { createLink } from './link/link.ts';
import type { Link, LinkStatus } from './link/types.ts';
import {
  type Approver,
  approverFromConfig,
  approverOf,
  authorityFromConfig,
  tokenFromConfig,
} from './providers.ts';
import type { AgentState } from './records/state.ts';
import { createWorkerPool, type WorkerPool } from './protocol/pool.ts';

/** A running agent; its maker hands in everything that is open already. */
export class Participant implements Agent {
  readonly username: string;
  readonly cpic: string;
  readonly state: AgentState;
  readonly #chip: Chip;
  readonly #approver: Approver;
  readonly #logger: Logger;
  readonly #link: Link;
  readonly #pool: WorkerPool;
  readonly #sessions: Sessions;
  readonly #orphans: Orphans;
  #closing: Promise<void> | undefined;

  constructor(
    options: AgentOptions & { readonly config: AgentConfig },
    opened: { readonly state: AgentState; readonly chip: Chip; readonly ceremonies: Ceremonies },
  ) {
    const { state, chip, ceremonies } = opened;
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
      retries: { patience: config.give_up_after * 1000 },
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
    const context = {
      username: config.username,
      seId: config.se_id,
      state,
      chip,
      pool: this.#pool,
      approve: this.#approver.approve,
      logger: this.#logger,
      now: options.now ?? Date.now,
      monotonic: options.monotonic ?? (() => performance.now()),
      send: this.#link.send.bind(this.#link),
      knows: this.#link.knows.bind(this.#link),
      patience: options.patience,
      exclusive: createMutexes(),
    };
    this.#sessions = new Sessions(context, ceremonies);
    this.#orphans = new Orphans(context);
    const { stopKey } = this.#sessions.context;
    // Nothing that follows could be kept. A ban that met the failure has its own word first.
    state.onFailed(() =>
      setImmediate(() => {
        for (const { key_id } of state.keys.list()) stopKey(key_id, 'store/failed');
      }),
    );
  }

  get status(): LinkStatus {
    return this.#link.status;
  }

  get failure(): HolderError | undefined {
    return this.#link.failure;
  }

  get threads(): readonly ThreadHealth[] {
    return this.#pool.health;
  }

  get sessions(): readonly string[] {
    return this.#sessions.keys;
  }

  /** Connects, resumes the sessions that endured, and reports at once those that died with the process before this one. */
  start(): void {
    this.#link.start();
    this.#sessions.start();
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
    this.#sessions.stop();
    this.#approver.close();
    ending('the protocol threads');
    await this.#pool.close();
    ending('the chip');
    await this.#chip.close();
    this.state.close();
  }

  #onMessage(message: ServerMessage): void {
    if (isPart(message, 'invite')) return this.#sessions.invited(message);
    if (isPart(message, 'params')) return this.#sessions.params(message);
    if (isPart(message, 'complete')) return this.#sessions.completed(message);
    switch (message.type) {
      case 'round':
        return this.#sessions.round(message);
      case 'chip_authorisation':
        return this.#sessions.authorised(message);
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

  #onError(message: Extract<ServerMessage, { type: 'error' }>): void {
    const { session_key, code = 'error' } = message;
    const detail = tellable(`${message.message} ${message.details}`);
    this.#logger.warn({ session_key, code, detail }, 'the coordinator reports an error');
    // An answer to one message of ours says nothing of the session that the message was about.
    if (session_key === undefined || message.cseq !== undefined || !isFinalCode(code)) return;
    this.#sessions.failed(session_key, message.abort?.reason ?? code);
  }

  #background(work: Promise<void>): void {
    work.catch((error: unknown) =>
      this.#logger.warn({ error: messageOf(error) }, 'could not handle a deletion'),
    );
  }
}
