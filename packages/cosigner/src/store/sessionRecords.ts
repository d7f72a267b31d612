/**
 * Sessions as REST shows them. A record is on disk before the first certificate of its session, and
 * again when the session is over; between those, where it stands is in memory only.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateDirectory, readIfPresent, removeIfPresent, replaceFile } from '@quorate/agent';
import { COSIGNER_CODES, TwoPartySession, type TwoPartySessionQuery } from '@quorate/wire';
import { z } from 'zod';
import { SetupError } from '../errors.ts';
import { parsedJson } from '../json.ts';

/** Finished sessions that are kept. */
const KEPT = 10_000;

/** One session as it is kept. */
interface SessionRecord {
  readonly format: 'quorate-two-party-session/v1';
  readonly session: TwoPartySession;
  readonly request_id: string | null;
  /** What the request asked for: the same id with other content is a conflict. */
  readonly request: string;
}

const recordSchema: z.ZodType<SessionRecord> = z.strictObject({
  format: z.literal('quorate-two-party-session/v1'),
  session: TwoPartySession,
  request_id: z.string().nullable(),
  request: z.string(),
});

type View = TwoPartySession;

/** The sessions of one store. */
export interface SessionRecords {
  find(sessionId: string): SessionRecord | undefined;
  findByRequest(requestId: string): SessionRecord | undefined;
  /** Adds a session; on disk when the call returns. */
  add(record: SessionRecord): void;
  /** Changes what is shown, also if it cannot be written; on disk only when the session is over. */
  update(sessionId: string, change: Partial<View>): View;
  list(query: TwoPartySessionQuery): { sessions: View[]; next: string | null };
}

/** Whether a session with this status is over. */
export function isFinal(status: View['status']): boolean {
  return status === 'completed' || status === 'failed' || status === 'aborted';
}

/** Opens the folder; what ran when the process ended was aborted by that. */
export function openSessionRecords(directory: string, now: () => number): SessionRecords {
  makePrivateDirectory(directory);
  const store = new SessionStore(directory, now);
  store.load();
  return store;
}

class SessionStore implements SessionRecords {
  readonly #directory: string;
  readonly #now: () => number;
  readonly #records = new Map<string, SessionRecord>();
  readonly #byRequest = new Map<string, string>();

  constructor(directory: string, now: () => number) {
    this.#directory = directory;
    this.#now = now;
  }

  load(): void {
    const records = readdirSync(this.#directory)
      .filter((name) => name.endsWith('.json'))
      .map((name) => readRecord(join(this.#directory, name)))
      .sort((a, b) => a.session.created_at - b.session.created_at);
    for (const record of records) this.#remember(record);
    for (const { session } of records) {
      if (isFinal(session.status)) continue;
      const error = { code: 'process_restarted', message: COSIGNER_CODES.process_restarted.en };
      this.update(session.session_id, { status: 'aborted', error });
    }
    this.#prune();
  }

  find(sessionId: string): SessionRecord | undefined {
    return this.#records.get(sessionId);
  }

  findByRequest(requestId: string): SessionRecord | undefined {
    return this.#records.get(this.#byRequest.get(requestId) ?? '');
  }

  add(record: SessionRecord): void {
    if (this.#records.has(record.session.session_id)) {
      throw new Error('unreachable: a session twice');
    }
    this.#write(record);
    this.#remember(record);
    this.#prune();
  }

  update(sessionId: string, change: Partial<View>): View {
    const record = this.#records.get(sessionId);
    if (record === undefined) throw new Error('unreachable: a change of no session');
    const session = { ...record.session, ...change, updated_at: this.#now() };
    const changed = { ...record, session };
    this.#records.set(sessionId, changed);
    if (isFinal(session.status)) this.#write(changed);
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

  #remember(record: SessionRecord): void {
    this.#records.set(record.session.session_id, record);
    if (record.request_id !== null)
      this.#byRequest.set(record.request_id, record.session.session_id);
  }

  #write(record: SessionRecord): void {
    const path = join(this.#directory, `${record.session.session_id}.json`);
    replaceFile(path, `${JSON.stringify(record)}\n`);
  }

  #prune(): void {
    let surplus = this.#records.size - KEPT;
    for (const [id, { session, request_id: request }] of this.#records) {
      if (surplus <= 0) return;
      if (!isFinal(session.status)) continue;
      this.#records.delete(id);
      if (request !== null) this.#byRequest.delete(request);
      removeIfPresent(join(this.#directory, `${id}.json`));
      surplus -= 1;
    }
  }
}

function readRecord(path: string): SessionRecord {
  const parsed = recordSchema.safeParse(parsedJson(readIfPresent(path) ?? ''));
  if (parsed.success) return parsed.data;
  throw new SetupError('store/tampered', `${path} is not a session record`);
}
