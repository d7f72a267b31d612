/** Sessions as REST shows them: never a shard, a certificate, a body or a share (1.9.16). */
import {
  LIMITS,
  safeText,
  type SessionAnswer,
  type SessionQuery,
  type SessionSummary,
} from '@quorate/wire';
import { type Paged, pageOf, type Visibility } from '../listing.ts';
import type { Tx } from '../store/database.ts';
import { type Condition, parameters, where } from '../store/query.ts';
import { notesOf } from './notes.ts';
import { laggards } from './progress.ts';
import { nameOf } from './parties.ts';
import { loadSession } from './repository.ts';
import type { SessionState } from './types.ts';
import { type WaitContext, whyWaiting } from './waits.ts';

/** Names which sessions to list, from where on. */
type SessionPage = Readonly<SessionQuery>;

/** Sessions, as REST reads them. */
export interface Sessions {
  list(tx: Tx, visibility: Visibility, page: SessionPage): Promise<Paged<SessionSummary>>;
  get(tx: Tx, sessionKey: string, visibility: Visibility): Promise<SessionAnswer | undefined>;
}

/** The service behind the REST routes of sessions. */
export function sessionsView(context: WaitContext): Sessions {
  return {
    list: listSessions,
    get: (tx, sessionKey, visibility) => getSession(tx, context, sessionKey, visibility),
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

async function getSession(
  tx: Tx,
  context: WaitContext,
  sessionKey: string,
  visibility: Visibility,
): Promise<SessionAnswer | undefined> {
  const conditions: Condition[] = [['session_key = ?', sessionKey], ...ownSessions(visibility)];
  const row = await tx.get<SessionSummary>(
    `SELECT ${SESSION_COLUMNS} FROM sessions ${where(conditions)}`,
    parameters(conditions),
  );
  const loaded = row === undefined ? undefined : await loadSession(tx, sessionKey);
  if (row === undefined || loaded === undefined) return undefined;
  const { state } = loaded;
  const ended = state.outcome;
  return {
    ...row,
    participants: await participantsOf(tx, context, state),
    waiting_for: ended === undefined ? laggards(state).map((index) => nameOf(state, index)) : [],
    digest: state.kind === 'sign' ? (state.target?.digest ?? null) : null,
    signature: signatureOf(state),
    code: ended?.success === false ? ended.code : null,
    message: ended?.success === false ? ended.details : null,
    ...notesIn(state),
  };
}

async function participantsOf(
  tx: Tx,
  context: WaitContext,
  state: SessionState,
): Promise<SessionAnswer['participants']> {
  const participants: SessionAnswer['participants'] = [];
  for (const party of state.parties) {
    const { index: part_index, username } = party;
    const reason = await whyWaiting(tx, context, state, party);
    participants.push({
      username,
      part_index,
      state: partyState(state, part_index),
      ...(reason === undefined ? {} : { reason: safeText(reason, LIMITS.text) }),
    });
  }
  return participants;
}

/** The signature that was told, or one that came after the session had ended without. */
function signatureOf({ outcome, results }: SessionState): string | null {
  if (outcome?.success === true) return outcome.signature ?? null;
  if (outcome === undefined) return null;
  for (const result of results.values()) {
    if (result.success && result.kind === 'sign') return result.signature;
  }
  return null;
}

function notesIn(state: SessionState): Pick<SessionAnswer, 'notes'> {
  const notes = notesOf(state).map((note) => safeText(note, LIMITS.text));
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
