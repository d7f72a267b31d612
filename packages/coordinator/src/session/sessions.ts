/**
 * Sessions in memory and in the store: an event is stored with its effects in one transaction before anybody
 * sees it. A transaction that fails evicts the session; its next message replays its events.
 */
import type { Clock } from '../clock.ts';
import type { Database, Tx } from '../store/database.ts';
import type { Ceremonies } from './ceremony.ts';
import { type Cause, EffectRunner } from './effects.ts';
import type { Event } from './events.ts';
import { deadlinesOf } from './progress.ts';
import { apply } from './reduce.ts';
import { appendEvent, type Loaded, loadSession, openSessionsOf } from './repository.ts';
import type { EffectContext, EndOthers } from './run.ts';
import { Timers } from './timers.ts';

/** How many ended sessions stay in memory for late messages. */
const ENDED_CACHE = 256;

/** The parts of the server that sessions act on. */
export interface SessionsOptions extends EffectContext {
  readonly ceremonies: Ceremonies;
  readonly database: Database;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** The sessions of one server, as their events have left them. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #cache = new Map<string, Loaded>();
  readonly #timers: Timers;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#timers = new Timers(options.clock, (key) => {
      this.#expire(key).catch((error: unknown) => {
        options.onError(error);
        // A deadline that could not be stored passes again.
        this.#timers.again(key);
      });
    });
  }

  /** Cancels all timers. */
  stop(): void {
    this.#timers.stop();
  }

  async load(tx: Tx, sessionKey: string): Promise<Loaded | undefined> {
    const cached = this.#cache.get(sessionKey);
    if (cached !== undefined) return cached;
    const loaded = await loadSession(tx, this.#options.ceremonies, sessionKey);
    if (loaded !== undefined) this.keep(tx, loaded);
    return loaded;
  }

  /** Applies an event and carries out its effects; returns the session after that. */
  async store(tx: Tx, before: Loaded, event: Event, message?: Cause['message']): Promise<Loaded> {
    const { ceremony } = before;
    const { state, effects } = apply(ceremony.rules, before.state, event);
    if (state === before.state) return before;
    const after = { ceremony, state, events: before.events + 1 };
    await appendEvent(tx, before, event, state);
    this.keep(tx, after);
    const cause = { at: event.at, ...(message === undefined ? {} : { message }) };
    await this.runner(tx, after, cause).performAll(effects);
    return after;
  }

  /** Carries out effects of a session. */
  runner(tx: Tx, loaded: Loaded, cause: Cause): EffectRunner {
    const { database, onError } = this.#options;
    const surroundings = {
      scrub: () => tx.onCommit(() => void database.scrub().catch(onError)),
      endOthers: (order: EndOthers) => this.#endOthers(tx, order),
    };
    return new EffectRunner(tx, { context: this.#options, surroundings }, loaded, cause);
  }

  /** Keeps a session in memory, as it will be once the transaction is durable. */
  keep(tx: Tx, loaded: Loaded): void {
    const { sessionKey } = loaded.state;
    this.#cache.delete(sessionKey);
    this.#cache.set(sessionKey, loaded);
    tx.onRollback(() => this.#cache.delete(sessionKey));
    tx.onCommit(() => {
      this.#timers.set(sessionKey, deadlinesOf(loaded.ceremony.rules, loaded.state));
      this.#evict();
    });
  }

  /** Ends the other sessions of a key. */
  async #endOthers(tx: Tx, order: EndOthers): Promise<void> {
    const { keyId, except, at, code, details } = order;
    for (const sessionKey of await openSessionsOf(tx, { keyId })) {
      const loaded = sessionKey === except ? undefined : await this.load(tx, sessionKey);
      if (loaded === undefined) continue;
      await this.store(tx, loaded, { type: 'ended', at, code, details, concerned: [] });
    }
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
      const loaded = await this.load(tx, sessionKey);
      if (loaded === undefined) return;
      const deadlines = deadlinesOf(loaded.ceremony.rules, loaded.state);
      const deadline = this.#timers.passed(sessionKey, deadlines);
      if (deadline === undefined) {
        return tx.onCommit(() => this.#timers.set(sessionKey, deadlines));
      }
      await this.store(tx, loaded, { type: 'expired', at: clock.now(), deadline });
    });
  }
}
