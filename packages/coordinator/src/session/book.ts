/**
 * Sessions in memory and in the store: an event is stored with its effects in one transaction, and only
 * then seen by anybody. A transaction that fails evicts the session; its next message replays its events.
 */
import type { Clock } from '../clock.ts';
import type { Database, Tx } from '../store/database.ts';
import { type Cause, type EffectContext, perform } from './effects.ts';
import { deadlinesOf } from './progress.ts';
import { apply } from './reduce.ts';
import { isDestroying } from './reduceDestroy.ts';
import { appendEvent, type Loaded, loadSession, openSessionsOf } from './repository.ts';
import { Timers } from './timers.ts';
import type { Event } from './events.ts';
import type { SessionState } from './types.ts';

/** How many ended sessions stay in memory for late messages. */
const ENDED_CACHE = 256;

/** What the book works with. */
export interface BookOptions extends Omit<EffectContext, 'forget'> {
  readonly database: Database;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** The sessions of one server, as their events have left them. */
export class Book {
  readonly context: EffectContext;
  readonly #options: BookOptions;
  readonly #cache = new Map<string, Loaded>();
  readonly #timers: Timers;

  constructor(options: BookOptions) {
    this.#options = options;
    this.context = { ...options, forget: (sessionKey) => this.#cache.delete(sessionKey) };
    this.#timers = new Timers(options.clock, (key) => {
      this.#expire(key).catch((error: unknown) => {
        options.onError(error);
        // A deadline that the store did not take passes again.
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
    const loaded = await loadSession(tx, sessionKey);
    if (loaded !== undefined) this.keep(tx, loaded);
    return loaded;
  }

  /** Applies an event and carries out what it leads to; gives the state that holds then. */
  async store(tx: Tx, before: Loaded, event: Event, round?: Cause['round']): Promise<SessionState> {
    const { state, effects } = apply(before.state, event);
    if (state === before.state) return state;
    await appendEvent(tx, before, event, state);
    this.keep(tx, { state, events: before.events + 1 });
    const cause = { at: event.at, ...(round === undefined ? {} : { round }) };
    await perform(tx, this.context, state, effects, cause);
    if (!isDestroying(before.state) && isDestroying(state)) {
      await this.#endOthers(tx, state, event.at);
      const { database, onError } = this.#options;
      tx.onCommit(() => void database.scrub().catch(onError));
    }
    return state;
  }

  /** Keeps a session in memory, as it will be once the transaction is durable. */
  keep(tx: Tx, loaded: Loaded): void {
    const { sessionKey } = loaded.state;
    this.#cache.delete(sessionKey);
    this.#cache.set(sessionKey, loaded);
    tx.onRollback(() => this.#cache.delete(sessionKey));
    tx.onCommit(() => {
      this.#timers.set(sessionKey, deadlinesOf(loaded.state));
      this.#evict();
    });
  }

  /** A key that is being destroyed takes part in nothing else any more. */
  async #endOthers(tx: Tx, { sessionKey, target }: SessionState, at: number): Promise<void> {
    const address = target?.address ?? '';
    const details = `${address} is being destroyed in session ${sessionKey}`;
    for (const other of await openSessionsOf(tx, { address })) {
      const loaded = other === sessionKey ? undefined : await this.load(tx, other);
      if (loaded === undefined) continue;
      const code = 'key_destroying';
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
      const deadlines = deadlinesOf(loaded.state);
      const deadline = this.#timers.passed(sessionKey, deadlines);
      if (deadline === undefined) {
        return tx.onCommit(() => this.#timers.set(sessionKey, deadlines));
      }
      await this.store(tx, loaded, { type: 'expired', at: clock.now(), deadline });
    });
  }
}
