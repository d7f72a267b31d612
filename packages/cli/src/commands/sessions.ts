/**
 * `quorate sessions`: shows running and ended sessions and whom they wait for, and ends them.
 *
 * @module
 */
import { SessionAnswer, SessionList } from '@quorate/wire';
import type { Command } from 'commander';
import type { Attach, Context } from '../context.ts';
import { usageError } from '../errors.ts';
import { everyPage, loginApi } from '../remote/api.ts';
import { foreign, table } from '../terminal/output.ts';
import { loginPath, withLogin } from './users/index.ts';

interface LoginOption {
  readonly login?: string;
}

/** Adds the commands. */
export function registerSessions(program: Command, attach: Attach): void {
  const sessions = program.command('sessions').description('list, show and end sessions');
  attach<LoginOption>(
    withLogin(sessions.command('list')).description('list your sessions, newest first'),
    list,
  );
  attach<LoginOption>(
    withLogin(sessions.command('show <session-key>')).description('show where a session stands'),
    show,
  );
  attach<LoginOption>(
    withLogin(sessions.command('cancel <session-key>'))
      .description('end a session that you requested (administrators: any session)')
      .addHelpText(
        'after',
        `
The coordinator tells every participant, and each ends its session. After the last round somebody may
hold the signature, so the session ends as unknown_outcome. An ended session keeps its outcome.`,
      ),
    cancel,
  );
  attach<LoginOption & { reason: string }>(
    withLogin(sessions.command('close <session-key>'))
      .description('end a destruction that is still waiting (administrators)')
      .requiredOption('--reason <text>', 'why; the log keeps it')
      .addHelpText(
        'after',
        `
The coordinator has already overwritten the key’s ciphertexts, and the key signs nothing. The certificate will
name the holders without proof. quorate sessions show tells why each of them is missing.`,
      ),
    close,
  );
}

async function list(context: Context, options: LoginOption): Promise<void> {
  const api = loginApi(loginPath(context, options));
  const path = '/api/v1/sessions';
  const sessions = await everyPage(api, SessionList, path, (page) => page.sessions);
  const rows = sessions.map((session) => [
    foreign(session.session_key),
    session.kind,
    session.state,
    foreign(session.coordinator),
    new Date(session.created_at).toISOString(),
  ]);
  context.output.result(
    { sessions },
    table(['SESSION', 'KIND', 'STATE', 'COORDINATOR', 'CREATED'], rows),
  );
}

async function show(
  context: Context,
  options: LoginOption,
  [sessionKey = '']: readonly string[],
): Promise<void> {
  const api = loginApi(loginPath(context, options));
  tell(context, await api.call(SessionAnswer, { method: 'GET', path: pathOf(sessionKey) }));
}

async function cancel(
  context: Context,
  options: LoginOption,
  [sessionKey = '']: readonly string[],
): Promise<void> {
  const api = loginApi(loginPath(context, options));
  const path = `${pathOf(sessionKey)}/cancel`;
  const session = await api.call(SessionAnswer, { method: 'POST', path });
  if (session.code === 'unknown_outcome') {
    context.output.warn('cancelled after the last round: somebody may hold the signature');
  }
  tell(context, session);
}

async function close(
  context: Context,
  options: LoginOption & { readonly reason: string },
  [sessionKey = '']: readonly string[],
): Promise<void> {
  const reason = options.reason.normalize('NFC').trim();
  if (reason === '') throw usageError('--reason must not be empty');
  const api = loginApi(loginPath(context, options));
  const path = `${pathOf(sessionKey)}/close`;
  tell(context, await api.call(SessionAnswer, { method: 'POST', path, body: { reason } }));
}

const pathOf = (sessionKey: string): string => `/api/v1/sessions/${encodeURIComponent(sessionKey)}`;

function tell(context: Context, session: SessionAnswer): void {
  const rows = session.participants.map((party) => [
    String(party.part_index),
    foreign(party.username),
    party.state,
    foreign(party.reason ?? ''),
  ]);
  const isWaiting = session.participants.some(({ reason }) => reason !== undefined);
  const heading = ['PART', 'PARTICIPANT', 'STATE', ...(isWaiting ? ['REASON FOR WAITING'] : [])];
  const facts = [
    ['state', session.state],
    ['waiting for', session.waiting_for.map(foreign).join(', ')],
    ['address', session.address],
    ['digest', session.digest],
    ['signature', session.signature],
    ['code', session.code],
    ['message', session.message],
  ].flatMap(([name, value]) => (value ? [`${String(name).padEnd(12)}${foreign(value)}`] : []));
  const notes = (session.notes ?? []).map((note) => `note        ${foreign(note)}`);
  context.output.result({ ...session }, [
    ...facts,
    ...notes,
    '',
    ...table(
      heading,
      rows.map((row) => row.slice(0, heading.length)),
    ),
  ]);
}
