/** Sessions as REST shows them: never a shard, a certificate, a body or a share (1.9.16). */
import {
  LIMITS,
  safeText,
  type SessionAnswer,
  type SessionQuery,
  type SessionSummary,
} from '@quorate/wire';
import { type Paged, pageOf, type Visibility } from '../listing.ts';
import type { SqlValue, Tx } from '../store/database.ts';
import { notesOf } from './notes.ts';
import type { Ceremonies, Running, WaitContext } from './ceremony.ts';
import { laggards } from './progress.ts';
import { nameOf } from './parties.ts';
import { loadSession } from './repository.ts';
import type { SessionState } from './types.ts';

/** Selects which sessions to list, and from where on. */
type SessionPage = Readonly<SessionQuery>;

/** Sessions, as REST reads them. */
export interface SessionViews {
  list(tx: Tx, visibility: Visibility, page: SessionPage): Promise<Paged<SessionSummary>>;
  get(tx: Tx, sessionKey: string, visibility: Visibility): Promise<SessionAnswer | undefined>;
}

/** The service behind the REST routes of sessions. */
export function sessionsView(ceremonies: Ceremonies, context: WaitContext): SessionViews {
  return {
    list: listSessions,
    get: async (tx, sessionKey, visibility) => {
      const row = await visibleSession(tx, sessionKey, visibility);
      const loaded = row && (await loadSession(tx, ceremonies, sessionKey));
      return row && loaded && showSession(tx, context, loaded, row);
    },
  };
}

const SESSION_COLUMNS = `session_key, kind, state, coordinator, threshold, total_parts, address,
  created_at, updated_at`;

const SESSION_OF = `(coordinator = ? OR EXISTS (SELECT 1 FROM session_participants p
  WHERE p.session_key = sessions.session_key AND p.username = ?))`;

async function listSessions(
  tx: Tx,
  visibility: Visibility,
  page: SessionPage,
): Promise<Paged<SessionSummary>> {
  const conditions = ownSessions(visibility);
  if (page.state !== undefined) conditions.push(['state = ?', page.state]);
  if (page.after !== undefined) {
    conditions.push([
      `(created_at, session_key) <
        (SELECT b.created_at, b.session_key FROM sessions b WHERE b.session_key = ?)`,
      page.after,
    ]);
  }
  const rows = await tx.all<SessionSummary>(
    `SELECT ${SESSION_COLUMNS} FROM sessions ${where(conditions)}
     ORDER BY created_at DESC, session_key DESC LIMIT ?`,
    [...parameters(conditions), page.limit + 1],
  );
  return pageOf(
    rows.map((row) => ({ ...row })),
    page.limit,
    (row) => row.session_key,
  );
}

async function visibleSession(
  tx: Tx,
  sessionKey: string,
  visibility: Visibility,
): Promise<SessionSummary | undefined> {
  const conditions: Condition[] = [['session_key = ?', sessionKey], ...ownSessions(visibility)];
  return tx.get<SessionSummary>(
    `SELECT ${SESSION_COLUMNS} FROM sessions ${where(conditions)}`,
    parameters(conditions),
  );
}

async function showSession(
  tx: Tx,
  context: WaitContext,
  session: Running,
  row: SessionSummary,
): Promise<SessionAnswer> {
  const { ceremony, state } = session;
  const { view } = ceremony;
  const ended = state.outcome;
  return {
    ...row,
    participants: await participantsOf(tx, context, session),
    waiting_for: ended === undefined ? laggards(state).map((index) => nameOf(state, index)) : [],
    digest: view.digest(state),
    signature: view.signature(state),
    code: ended?.success === false ? ended.code : null,
    message: ended?.success === false ? ended.details : null,
    ...notesIn(session),
  };
}

async function participantsOf(
  tx: Tx,
  context: WaitContext,
  { ceremony, state }: Running,
): Promise<SessionAnswer['participants']> {
  const participants: SessionAnswer['participants'] = [];
  for (const party of state.parties) {
    const { index: part_index, username } = party;
    const reason = await ceremony.view.reason(tx, context, state, party);
    participants.push({
      username,
      part_index,
      state: partyState(state, part_index),
      ...(reason === undefined ? {} : { reason: safeText(reason, LIMITS.text) }),
    });
  }
  return participants;
}

function notesIn(session: Running): Pick<SessionAnswer, 'notes'> {
  const notes = notesOf(session).map((note) => safeText(note, LIMITS.text));
  return notes.length === 0 ? {} : { notes };
}

function ownSessions({ onlyOf }: Visibility): Condition[] {
  return onlyOf === undefined ? [] : [[SESSION_OF, onlyOf, onlyOf]];
}

function partyState(state: SessionState, index: number): string {
  const result = state.results.get(index);
  if (result !== undefined) return result.success ? 'finished' : 'failed';
  if (!state.answers.has(index)) return 'invited';
  const round = state.spoken.get(index)?.round;
  return round === undefined ? 'accepted' : `round ${round}`;
}

/** A condition and its parameters. */
type Condition = readonly [sql: string, ...parameters: SqlValue[]];

function where(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`;
}

function parameters(conditions: readonly Condition[]): SqlValue[] {
  return conditions.flatMap(([, ...values]) => values);
}
