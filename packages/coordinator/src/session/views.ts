/** Keys and sessions as REST shows them: never a shard, a certificate, a body or a share (1.9.16). */
import {
  type KeyAnswer,
  type KeyHolder,
  type KeySummary,
  LIMITS,
  safeText,
  type SessionAnswer,
  type SessionQuery,
  type SessionSummary,
} from '@quorate/wire';
import type { AuditLog } from '../audit/index.ts';
import type { Clock } from '../clock.ts';
import { type Page, type Paged, pageOf, type Visibility } from '../listing.ts';
import type { SqlValue, Tx } from '../store/database.ts';
import { findKey, normalAddress } from '../keys/keys.ts';
import { notesOf } from './notes.ts';
import { laggards } from './progress.ts';
import { nameOf } from './parties.ts';
import { loadSession } from './repository.ts';
import type { SessionState } from './types.ts';
import { type WaitContext, whyWaiting } from './waits.ts';

/** Names which sessions to list, from where on. */
type SessionPage = Readonly<SessionQuery>;

/** Keys, as REST reads and grants them. */
export interface Keys {
  list(tx: Tx, visibility: Visibility, page: Page): Promise<Paged<KeySummary>>;
  /** Any case of the address; undefined when unknown or not visible. */
  get(tx: Tx, address: string, visibility: Visibility): Promise<KeyAnswer | undefined>;
  /** Lets a user ask for signatures; audited by this function. False when the key is unknown. */
  grant(tx: Tx, request: GrantOrder): Promise<boolean>;
  /** Takes the permission back; audited by this function. False when there was none. */
  revoke(tx: Tx, request: GrantOrder): Promise<boolean>;
}

/** Names who gives or takes the permission to ask for signatures of a key. */
interface GrantOrder {
  readonly address: string;
  readonly username: string;
  readonly actor: string;
}

/** The service behind the REST routes of keys. */
export function keysView(
  audit: AuditLog,
  clock: Clock,
  /** Told in the same transaction that a user may no longer use a key. */
  onRevoked: (tx: Tx, address: string, at: number) => Promise<void>,
): Keys {
  return {
    list: listKeys,
    get: getKey,
    grant: (tx, request) => grant(tx, audit, clock.now(), request),
    revoke: async (tx, request) => {
      const at = clock.now();
      const address = await revoke(tx, audit, at, request);
      if (address !== undefined) await onRevoked(tx, address, at);
      return address !== undefined;
    },
  };
}

const KEY_COLUMNS = `address, public_key, session_key, creator, threshold, total_parts, epoch, state,
  created_at`;

const KEY_OF = `(creator = ?
  OR EXISTS (SELECT 1 FROM shards s WHERE s.address = key_records.address AND s.username = ?)
  OR EXISTS (SELECT 1 FROM grants g WHERE g.address = key_records.address AND g.username = ?))`;

async function listKeys(tx: Tx, visibility: Visibility, page: Page): Promise<Paged<KeySummary>> {
  const conditions: Condition[] = [];
  if (page.after !== undefined) conditions.push(['address > ?', page.after]);
  conditions.push(...ownKeys(visibility));
  const rows = await tx.all<KeySummary>(
    `SELECT ${KEY_COLUMNS} FROM key_records ${where(conditions)} ORDER BY address LIMIT ?`,
    [...parameters(conditions), page.limit + 1],
  );
  return pageOf(
    rows.map((row) => ({ ...row })),
    page.limit,
    ({ address }) => address,
  );
}

async function getKey(
  tx: Tx,
  text: string,
  visibility: Visibility,
): Promise<KeyAnswer | undefined> {
  const address = normalAddress(text);
  if (address === undefined) return undefined;
  const conditions: Condition[] = [['address = ?', address], ...ownKeys(visibility)];
  const key = await tx.get<KeySummary>(
    `SELECT ${KEY_COLUMNS} FROM key_records ${where(conditions)}`,
    parameters(conditions),
  );
  if (key === undefined) return undefined;
  const holders = await tx.all<KeyHolder>(
    `SELECT s.part_index, s.username, s.se_id, COALESCE(c.label, '') AS chip_label,
       COALESCE(c.state, 'unknown') AS chip_state, s.state AS record_state
     FROM shards s LEFT JOIN chips c ON c.se_id = s.se_id
     WHERE s.address = ? ORDER BY s.part_index`,
    [address],
  );
  const grants = await tx.all<{ username: string }>(
    'SELECT username FROM grants WHERE address = ? ORDER BY username',
    [address],
  );
  return {
    ...key,
    holders: holders.map((holder) => ({ ...holder })),
    grants: grants.map(({ username }) => username),
  };
}

function ownKeys({ onlyOf }: Visibility): Condition[] {
  return onlyOf === undefined ? [] : [[KEY_OF, onlyOf, onlyOf, onlyOf]];
}

async function grant(tx: Tx, audit: AuditLog, at: number, request: GrantOrder): Promise<boolean> {
  const address = normalAddress(request.address);
  if (address === undefined || (await findKey(tx, address)) === undefined) return false;
  await tx.run(
    `INSERT INTO grants (address, username, granted_by, granted_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (address, username) DO NOTHING`,
    [address, request.username, request.actor, at],
  );
  const { actor, username } = request;
  const details = { username };
  await audit.append(tx, {
    at,
    actor,
    action: 'key.grant',
    subject: address,
    outcome: 'ok',
    details,
  });
  return true;
}

async function revoke(
  tx: Tx,
  audit: AuditLog,
  at: number,
  request: GrantOrder,
): Promise<string | undefined> {
  const address = normalAddress(request.address);
  if (address === undefined) return undefined;
  const { actor, username } = request;
  const { changes } = await tx.run('DELETE FROM grants WHERE address = ? AND username = ?', [
    address,
    username,
  ]);
  if (changes === 0) return undefined;
  const details = { username };
  await audit.append(tx, {
    at,
    actor,
    action: 'key.revoke',
    subject: address,
    outcome: 'ok',
    details,
  });
  return address;
}

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

/** A condition and its parameters. */
type Condition = readonly [sql: string, ...parameters: SqlValue[]];

function where(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`;
}

function parameters(conditions: readonly Condition[]): SqlValue[] {
  return conditions.flatMap(([, ...values]) => values);
}
