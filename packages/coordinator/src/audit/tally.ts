/**
 * Bounds entries that anybody can cause at will: callers write the first of each kind in a minute in full; the
 * others are counted, and written as one entry when the minute ends.
 */
import type { Clock } from '../clock.ts';
import type { AuditEvent } from './event.ts';
import type { AuditLog } from './log.ts';
import { type Database, isStoreUnavailable, type Tx } from '../store/database.ts';

/** Options of {@link Tally}. */
export interface TallyOptions {
  readonly database: Database;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Told of a count that could not be stored. */
  readonly onError: (error: unknown) => void;
}

/** Identifies entries that are counted together. */
export interface Kind {
  readonly actor: string;
  readonly action: string;
  readonly code: string;
  readonly outcome: AuditEvent['outcome'];
  /** How many of them are written in full per minute; one unless given. */
  readonly full?: number;
}

interface Count extends Kind {
  since: number;
  seen: number;
  more: number;
  cancel: () => void;
}

const MINUTE = 60_000;

/** Kinds in one minute; beyond them all are counted together, whoever caused them. */
const MAX_KINDS = 1024;

/** Counts the entries that are not written in full. */
export class Tally {
  readonly #options: TallyOptions;
  readonly #counts = new Map<string, Count>();

  constructor(options: TallyOptions) {
    this.#options = options;
  }

  /** True for the first of its kind in a minute: the caller writes that one in full. */
  first(kind: Kind): boolean {
    if (!this.#counts.has(keyOf(kind)) && this.#counts.size >= MAX_KINDS) {
      this.more({ ...kind, actor: 'many' });
      return false;
    }
    const count = this.#countOf(kind);
    count.seen += 1;
    if (count.seen <= (kind.full ?? 1)) return true;
    count.more += 1;
    return false;
  }

  /** Appends an event; of events refused for the same reason only the first one in a minute. */
  async append(tx: Tx, event: AuditEvent, code: string | undefined): Promise<void> {
    const { actor, action, outcome } = event;
    if (code !== undefined && !this.first({ actor, action, outcome, code })) return;
    await this.#options.audit.append(tx, event);
  }

  /** Counts an entry that is not written in full. */
  more(kind: Kind): void {
    this.#countOf(kind).more += 1;
  }

  /** Writes every count now, for example because the server stops. */
  async flush(): Promise<void> {
    // A count that cannot be written now is counted again, and not retried here.
    const keys = Array.from(this.#counts.keys());
    for (const key of keys) await this.#write(key);
  }

  #countOf(kind: Kind): Count {
    const key = keyOf(kind);
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const { clock, onError } = this.#options;
    const since = clock.now();
    const cancel = clock.after(MINUTE, () => {
      this.#write(key).catch(onError);
    });
    const count: Count = { ...kind, since, seen: 0, more: 0, cancel };
    this.#counts.set(key, count);
    return count;
  }

  async #write(key: string): Promise<void> {
    const count = this.#counts.get(key);
    if (count === undefined) return;
    count.cancel();
    this.#counts.delete(key);
    if (count.more === 0) return;
    const { database, audit, clock } = this.#options;
    const { actor, action, outcome, code, since, more } = count;
    const details = { code, since, count: more };
    const entry = { at: clock.now(), actor, action, subject: actor, outcome, details };
    try {
      await database.transaction((tx) => audit.append(tx, entry));
    } catch (error) {
      if (isStoreUnavailable(error)) {
        // A count that the store did not take joins those of the next minute.
        const next = this.#countOf(count);
        next.more += more;
        next.since = Math.min(next.since, since);
      }
      throw error;
    }
  }
}

const keyOf = ({ actor, action, code, outcome }: Kind): string =>
  JSON.stringify([actor, action, code, outcome]);
