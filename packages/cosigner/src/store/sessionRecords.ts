/**
 * Sessions as REST shows them. A record is on disk before the first certificate of its session, and again when
 * the session has ended; between those, its progress is only in memory.
 */
import { makePrivateDirectory, removeIfPresent } from '@quorate/holder';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { COSIGNER_CODES, type TwoPartySession, type TwoPartySessionQuery } from '@quorate/wire';
import { type Surroundings, surplusOf } from './retention.ts';
import {
  isOver,
  readSessionRecord,
  type SessionRecord,
  writeSessionRecord,
} from './sessionRecord.ts';

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
  /** Adds a session; on disk when the call returns. */
  add(record: SessionRecord): void;
  /** Changes the view, even if it cannot be written; on disk only when the session has ended. */
  update(sessionId: string, change: Partial<View>): View;
  list(query: TwoPartySessionQuery): { sessions: View[]; next: string | null };
  /** Allows removals from now on; until then all sessions are kept. */
  retain(retention: Retention): void;
}

/**
 * Opens the folder. The end of the process aborted its running sessions; at P2 only P1 can tell, because the
 * last message may have left.
 */
export function openSessionRecords(
  directory: string,
  index: 1 | 2,
  now: () => number,
): SessionRecords {
  makePrivateDirectory(directory);
  const store = new SessionStore(directory, now);
  store.load(index);
  return store;
}

class SessionStore implements SessionRecords {
  readonly #directory: string;
  readonly #now: () => number;
  readonly #records = new Map<string, SessionRecord>();
  readonly #byRequest = new Map<string, string>();
  readonly #unknown = new Set<string>();
  #retention: Retention | undefined;
  #added = 0;

  constructor(directory: string, now: () => number) {
    this.#directory = directory;
    this.#now = now;
  }

  load(index: 1 | 2): void {
    const records = readdirSync(this.#directory)
      .filter((name) => name.endsWith('.json'))
      .map((name) => readSessionRecord(join(this.#directory, name)))
      .sort((a, b) => a.session.created_at - b.session.created_at);
    for (const record of records) this.#remember(record);
    const code = index === 1 ? 'process_restarted' : 'unknown_outcome';
    const status = index === 1 ? 'aborted' : 'unknown_outcome';
    for (const { session } of records) {
      if (isOver(session.status)) continue;
      const error = { code, message: COSIGNER_CODES[code].en };
      this.update(session.session_id, { status, error });
    }
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

  add(record: SessionRecord): void {
    const { session_id: id } = record.session;
    if (this.#records.has(id)) throw new Error('unreachable: a session twice');
    writeSessionRecord(this.#fileOf(id), record);
    this.#remember(record);
    this.#added += 1;
    if (this.#added % SWEEP_EVERY === 0) this.#sweep();
  }

  update(sessionId: string, change: Partial<View>): View {
    const record = this.#records.get(sessionId);
    if (record === undefined) throw new Error('unreachable: a change of no session');
    const session = { ...record.session, ...change, updated_at: this.#now() };
    const changed = { ...record, session };
    this.#remember(changed);
    if (isOver(session.status)) writeSessionRecord(this.#fileOf(sessionId), changed);
    return session;
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
    try {
      for (const id of surplus) this.#remove(id);
    } catch {
      // The next sweep retries a file that cannot be removed now; no session fails because of it.
    }
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

  #remove(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    // The file first: a session whose file cannot be removed stays known.
    removeIfPresent(this.#fileOf(id));
    this.#records.delete(id);
    this.#unknown.delete(id);
    if (record.request_id === null) return;
    const key = requestKey(record.caller, record.request_id);
    if (this.#byRequest.get(key) === id) this.#byRequest.delete(key);
  }

  #fileOf(id: string): string {
    return join(this.#directory, `${id}.json`);
  }
}

/** No request id contains a line end. */
function requestKey(caller: string | null, requestId: string): string {
  return `${caller ?? ''}\n${requestId}`;
}
