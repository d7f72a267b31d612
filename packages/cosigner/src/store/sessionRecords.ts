/**
 * Sessions as REST shows them. A record is on disk before the first certificate of its session, and again when
 * the session has ended; between those, its progress is only in memory.
 */
import { COSIGNER_CODES, type TwoPartySession, type TwoPartySessionQuery } from '@quorate/wire';
import type { StoreEntry } from './entries.ts';
import { type Surroundings, surplusOf } from './retention.ts';
import { isOver, type SessionRecord } from './sessionRecord.ts';
import type { StoreJournal } from './storeJournal.ts';

export { isFinal, type SessionRecord } from './sessionRecord.ts';

/** After this many new sessions the excess ones are removed. */
const SWEEP_EVERY = 200;

type View = TwoPartySession;

/** The facts that decide which sessions are kept. */
type Retention = Omit<Surroundings, 'now'>;

/** The sessions of one store. */
export interface SessionRecords {
  find(sessionId: string): SessionRecord | undefined;
  /** The session that a caller requested under this id. */
  findByRequest(caller: string, requestId: string): SessionRecord | undefined;
  /** Sessions whose outcome only this partner knows. */
  unknown(partner: string): View[];
  /** Adds a session at once; resolves when it is on disk. */
  add(record: SessionRecord): Promise<void>;
  /** Changes the view, in memory only. */
  show(sessionId: string, change: Partial<View>): View;
  /** Ends a session: shown when it is on disk, which resolves, and not at all if it cannot be written. */
  end(sessionId: string, change: Partial<View>): Promise<void>;
  /** Changes the view of a session that has ended; on disk when the call returns. */
  settle(sessionId: string, change: Partial<View>): View;
  /** Resolves when every end so far is on disk, or cannot be written. */
  written(): Promise<void>;
  list(query: TwoPartySessionQuery): { sessions: View[]; next: string | null };
  /** Allows removals from now on; until then all sessions are kept. */
  retain(retention: Retention): void;
}

/**
 * The sessions in a journal. The end of the process aborted its running sessions; at P2 only P1 can tell, because the
 * last message may have left.
 */
export function openSessionRecords(
  journal: StoreJournal,
  index: 1 | 2,
  now: () => number,
): SessionRecords {
  const store = new SessionStore(journal, now);
  store.load(index);
  return store;
}

class SessionStore implements SessionRecords {
  readonly #journal: StoreJournal;
  readonly #now: () => number;
  readonly #records = new Map<string, SessionRecord>();
  readonly #byRequest = new Map<string, string>();
  readonly #unknown = new Set<string>();
  /** Ends on their way to the disk. */
  readonly #ending = new Set<Promise<void>>();
  #retention: Retention | undefined;
  #added = 0;

  constructor(journal: StoreJournal, now: () => number) {
    this.#journal = journal;
    this.#now = now;
    journal.keepSessions(() => [...this.#records.values()].map(entryOf));
  }

  load(index: 1 | 2): void {
    for (const record of this.#journal.state.sessions.values()) this.#remember(record);
    const code = index === 1 ? 'process_restarted' : 'unknown_outcome';
    const status = index === 1 ? 'aborted' : 'unknown_outcome';
    const error = { code, message: COSIGNER_CODES[code].en };
    const running = [...this.#records.values()].filter(({ session }) => !isOver(session.status));
    const over = running.map((record) => this.#changed(record, { status, error }));
    if (over.length > 0) this.#journal.appendSync(...over.map(entryOf));
    for (const record of over) this.#remember(record);
  }

  find(sessionId: string): SessionRecord | undefined {
    return this.#records.get(sessionId);
  }

  findByRequest(caller: string, requestId: string): SessionRecord | undefined {
    const id =
      this.#byRequest.get(requestKey(caller, requestId)) ??
      this.#byRequest.get(requestKey(null, requestId));
    return this.#records.get(id ?? '');
  }

  unknown(partner: string): View[] {
    return [...this.#unknown].flatMap((id) => {
      const session = this.#records.get(id)?.session;
      return session?.partner === partner ? [session] : [];
    });
  }

  add(record: SessionRecord): Promise<void> {
    const { session_id: id } = record.session;
    if (this.#records.has(id)) throw new Error('unreachable: a session twice');
    const written = this.#journal.append(entryOf(record));
    this.#remember(record);
    this.#added += 1;
    if (this.#added % SWEEP_EVERY === 0) this.#sweep();
    return written;
  }

  show(sessionId: string, change: Partial<View>): View {
    const changed = this.#changed(this.#found(sessionId), change);
    this.#remember(changed);
    return changed.session;
  }

  async end(sessionId: string, change: Partial<View>): Promise<void> {
    const changed = this.#changed(this.#found(sessionId), change);
    const writing = this.#journal.append(entryOf(changed));
    this.#ending.add(writing);
    try {
      await writing;
    } finally {
      this.#ending.delete(writing);
    }
    this.#remember(changed);
  }

  settle(sessionId: string, change: Partial<View>): View {
    const changed = this.#changed(this.#found(sessionId), change);
    this.#journal.appendSync(entryOf(changed));
    this.#remember(changed);
    return changed.session;
  }

  async written(): Promise<void> {
    await Promise.allSettled(this.#ending);
  }

  list({ status, type, limit, cursor }: TwoPartySessionQuery): {
    sessions: View[];
    next: string | null;
  } {
    const position = (view: View): string =>
      `${String(view.created_at).padStart(15, '0')}-${view.session_id}`;
    const [time = '', id = ''] = cursor?.split('-') ?? [];
    const from = cursor === undefined ? undefined : `${time.padStart(15, '0')}-${id}`;
    const matching = [...this.#records.values()]
      .map(({ session }) => session)
      .filter((view) => (status ?? view.status) === view.status)
      .filter((view) => (type ?? view.type) === view.type)
      .filter((view) => from === undefined || position(view) < from)
      .sort((a, b) => (position(a) < position(b) ? 1 : -1));
    const sessions = matching.slice(0, limit);
    const last = sessions.at(-1);
    return { sessions, next: matching.length > limit && last ? position(last) : null };
  }

  retain(retention: Retention): void {
    this.#retention = retention;
    this.#sweep();
  }

  #sweep(): void {
    if (this.#retention === undefined) return;
    const surroundings = { ...this.#retention, now: this.#now() };
    const surplus = surplusOf([...this.#records.values()], surroundings);
    if (surplus.length === 0) return;
    try {
      this.#journal.note({ entry: 'removed', sessions: surplus });
    } catch {
      // The next sweep tries again; no session fails because of it.
      return;
    }
    for (const id of surplus) this.#forget(id);
  }

  #found(sessionId: string): SessionRecord {
    const record = this.#records.get(sessionId);
    if (record === undefined) throw new Error('unreachable: a change of no session');
    return record;
  }

  #changed(record: SessionRecord, change: Partial<View>): SessionRecord {
    return { ...record, session: { ...record.session, ...change, updated_at: this.#now() } };
  }

  #remember(record: SessionRecord): void {
    const { session_id: id, status } = record.session;
    this.#records.set(id, record);
    if (status === 'unknown_outcome') this.#unknown.add(id);
    else this.#unknown.delete(id);
    if (record.request_id !== null) {
      this.#byRequest.set(requestKey(record.caller, record.request_id), id);
    }
  }

  #forget(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.#records.delete(id);
    this.#unknown.delete(id);
    if (record.request_id === null) return;
    const key = requestKey(record.caller, record.request_id);
    if (this.#byRequest.get(key) === id) this.#byRequest.delete(key);
  }
}

function entryOf(record: SessionRecord): StoreEntry {
  return { entry: 'session', record };
}

/** No request id contains a line end. */
function requestKey(caller: string | null, requestId: string): string {
  return `${caller ?? ''}\n${requestId}`;
}
