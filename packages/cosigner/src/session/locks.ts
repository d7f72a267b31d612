/**
 * Locks of keys. One that cannot be written holds in memory: the key is not used, nobody is answered,
 * and the write is tried again until the lock is on disk (contract.md §2.2: before any answer).
 */
import { type KeyUnsafe, lockAfter } from '@quorate/tss';
import { messageOf } from '../errors.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { SessionContext } from './context.ts';

/** How often a write that failed is tried again, milliseconds. */
const AGAIN_MS = 2000;

/** The locks of one server. */
export class KeyLocks {
  readonly #context: Pick<SessionContext, 'logger' | 'now' | 'store'>;
  readonly #onLocked: (key: KeyRecord, cause: string | undefined) => void;
  /** Writes that failed, by key. */
  readonly #unwritten = new Map<string, ((record: KeyRecord) => KeyRecord)[]>();
  #timer: NodeJS.Timeout | undefined;

  /** `onLocked` ends the sessions of a key but the cause, which has an end of its own. */
  constructor(
    context: Pick<SessionContext, 'logger' | 'now' | 'store'>,
    onLocked: (key: KeyRecord, cause: string | undefined) => void,
  ) {
    this.#context = context;
    this.#onLocked = onLocked;
  }

  /** Whether the key has a lock that is not on disk. */
  isUnwritten(keySessionId: string | null): boolean {
    return keySessionId !== null && this.#unwritten.has(keySessionId);
  }

  /** Whether any key has one. */
  get areUnwritten(): boolean {
    return this.#unwritten.size > 0;
  }

  /** The key with its locks, those that are not on disk too. */
  locked(record: KeyRecord): KeyRecord {
    const changes = this.#unwritten.get(record.session_id) ?? [];
    return changes.reduce((changed, change) => change(changed), record);
  }

  /** Locks a key because of what a session showed. */
  lock(keySessionId: string, keyUnsafe: KeyUnsafe, sessionId: string): void {
    const at = this.#context.now();
    const change = (record: KeyRecord): KeyRecord => ({
      ...record,
      lock: { ...record.lock, ...lockAfter(record.lock, keyUnsafe), session_id: sessionId, at },
    });
    this.#unwritten.set(keySessionId, [...(this.#unwritten.get(keySessionId) ?? []), change]);
    this.#write(keySessionId);
    this.#tell(keySessionId, sessionId);
  }

  /** Tries once more what failed; the server stops. */
  close(): void {
    this.#again();
    clearTimeout(this.#timer);
    for (const key of this.#unwritten.keys()) {
      this.#context.logger.error({ key }, 'the server stops, and a lock is not written');
    }
  }

  #again(): void {
    for (const key of this.#unwritten.keys()) {
      if (this.#write(key)) this.#tell(key, undefined);
    }
  }

  #tell(keySessionId: string, cause: string | undefined): void {
    const record = this.#context.store.keys.find(keySessionId);
    if (record !== undefined) this.#onLocked(this.locked(record), cause);
  }

  #write(keySessionId: string): boolean {
    const { logger, store } = this.#context;
    try {
      store.keys.update(keySessionId, (record) => this.locked(record));
      this.#unwritten.delete(keySessionId);
      logger.error({ key: keySessionId }, 'key locked');
      return true;
    } catch (error) {
      const fields = { key: keySessionId, error: messageOf(error) };
      logger.error(fields, 'a lock cannot be written: the key is not used, and nobody is answered');
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#again(), AGAIN_MS);
      this.#timer.unref();
      return false;
    }
  }
}
