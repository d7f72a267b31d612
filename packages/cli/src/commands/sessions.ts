/**
 * `quorate sessions`: what runs, what ended how, and whom it waits for.
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
  const sessions = program.command('sessions').description('key generations and signatures');
  attach<LoginOption>(
    withLogin(sessions.command('list')).description('the sessions that concern you, newest first'),
    list,
  );
  attach<LoginOption>(
    withLogin(sessions.command('show <session-key>')).description('where a session stands'),
    show,
  );
  attach<LoginOption>(
    withLogin(sessions.command('cancel <session-key>'))
      .description('end a session that you asked for; administrators end any')
      .addHelpText(
        'after',
        `
Every participant is told and forgets what it had. Once the last round of a signature is out,
somebody may hold it: the session then ends as unknown_outcome. What has ended stays as it ended.`,
      ),
    cancel,
  );
  attach<LoginOption & { reason: string }>(
    withLogin(sessions.command('close <session-key>'))
      .description('end a destruction that still waits (administrators)')
      .requiredOption('--reason <text>', 'why: the log keeps it')
      .addHelpText(
        'after',
        `
The key is destroyed for the coordinator already: its ciphertexts are overwritten and it signs nothing.
The certificate then says for whom it is not proven. quorate sessions show says why each is waited for.`,
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
    context.output.warn('it was cancelled after the last round: somebody may hold the signature');
  }
  tell(context, session);
}

async function close(
  context: Context,
  options: LoginOption & { readonly reason: string },
  [sessionKey = '']: readonly string[],
): Promise<void> {
  const reason = options.reason.normalize('NFC').trim();
  if (reason === '') throw usageError('a reason is expected');
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
  const heading = ['PART', 'PARTICIPANT', 'STATE', ...(isWaiting ? ['WHY IT IS WAITED FOR'] : [])];
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
