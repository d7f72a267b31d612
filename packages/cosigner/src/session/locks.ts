/**
 * Locks of keys. A lock is on disk as soon as the permit of its key is gone, which needs no room there; its
 * record follows. One that cannot even be deleted holds in memory: the key is not used, nobody is answered, and
 * it is tried again until it is on disk (docs/spec/cosigner.md, "Locks": before any answer).
 */
import { type Logger, messageOf } from '@quorate/holder';
import type { KeyUnsafe } from '@quorate/tss';
import { lockAfter } from '@quorate/tss/lindell17';
import type { Store } from '../store/index.ts';
import type { KeyRecord } from '../store/keyRecords.ts';

/** How often a write that failed is tried again, milliseconds. */
const AGAIN_MS = 2000;

/** The parts that keep locks. */
interface LockContext {
  readonly logger: Logger;
  readonly store: Store;
  now(): number;
}

/** A lock that is not in its record yet. */
interface Pending {
  readonly changes: ((record: KeyRecord) => KeyRecord)[];
  /** The permit is gone: the lock holds whatever becomes of the process. */
  holds: boolean;
}

/** The locks of one server. */
export class KeyLocks {
  readonly #context: LockContext;
  readonly #onLocked: (key: KeyRecord, cause: string | undefined) => void;
  readonly #pending = new Map<string, Pending>();
  #timer: NodeJS.Timeout | undefined;

  /** `onLocked` ends the sessions of a key but the cause, which has an end of its own. */
  constructor(context: LockContext, onLocked: (key: KeyRecord, cause: string | undefined) => void) {
    this.#context = context;
    this.#onLocked = onLocked;
  }

  /** Whether the key has a lock that is not on disk. */
  isUnwritten(keySessionId: string | null): boolean {
    return keySessionId !== null && this.#pending.get(keySessionId)?.holds === false;
  }

  /** Whether the key has a lock that its record does not say yet. */
  isPending(keySessionId: string | null): boolean {
    return keySessionId !== null && this.#pending.has(keySessionId);
  }

  /** Whether any key has a lock that is not on disk. */
  get areUnwritten(): boolean {
    return [...this.#pending.values()].some(({ holds }) => !holds);
  }

  /** The key with its locks, those that its record does not say yet too. */
  locked(record: KeyRecord): KeyRecord {
    const { changes = [] } = this.#pending.get(record.session_id) ?? {};
    return changes.reduce((changed, change) => change(changed), record);
  }

  /** Locks a key because of what a session showed. */
  lock(keySessionId: string, keyUnsafe: KeyUnsafe, sessionId: string): void {
    const at = this.#context.now();
    const change = (record: KeyRecord): KeyRecord => ({
      ...record,
      lock: { ...record.lock, ...lockAfter(record.lock, keyUnsafe), session_id: sessionId, at },
    });
    const { changes = [] } = this.#pending.get(keySessionId) ?? {};
    this.#pending.set(keySessionId, { changes: [...changes, change], holds: false });
    this.#write(keySessionId);
    this.#tell(keySessionId, sessionId);
  }

  /** Tries once more what failed; the server stops. */
  close(): void {
    this.#again();
    clearTimeout(this.#timer);
    for (const [key, { holds }] of this.#pending) {
      if (!holds)
        this.#context.logger.error({ key }, 'the server stops, and a lock is not written');
    }
  }

  #again(): void {
    for (const [key, pending] of this.#pending) {
      const held = pending.holds;
      this.#write(key);
      if (pending.holds && !held) this.#tell(key, undefined);
    }
  }

  #tell(keySessionId: string, cause: string | undefined): void {
    const record = this.#context.store.keys.find(keySessionId);
    if (record !== undefined) this.#onLocked(this.locked(record), cause);
  }

  /** First what needs no room, then the record; nothing is logged before that: a log line may end the process. */
  #write(key: string): void {
    const { logger, store } = this.#context;
    const pending = this.#pending.get(key);
    const record = store.keys.find(key);
    if (pending === undefined || record === undefined) return;
    const { state } = this.locked(record).lock;
    const held = pending.holds;
    try {
      if (state !== 'none') store.keys.withdraw(key, state);
      pending.holds = true;
      store.keys.update(key, (current) => this.locked(current));
      this.#pending.delete(key);
    } catch (error) {
      this.#failed(key, pending.holds, error);
    }
    if (pending.holds && !held) logger.error({ key }, 'key locked');
  }

  #failed(key: string, holds: boolean, error: unknown): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#again(), AGAIN_MS);
    this.#timer.unref();
    const what = holds
      ? 'the record of a lock cannot be written yet: the lock holds'
      : 'a lock cannot be written: the key is not used, and nobody is answered';
    this.#context.logger.error({ key, error: messageOf(error) }, what);
  }
}
