/**
 * `quorate users logins`, `connections` and `tokens`: lists who speaks for a user, and ends it.
 *
 * @module
 */
import { ConnectionList, LoginList, TokenId, TokenList } from '@quorate/wire';
import type { Command } from 'commander';
import type { Attach, Context } from '../../context.ts';
import { usageError } from '../../errors.ts';
import { loginApi } from '../../remote/api.ts';
import { foreign, table } from '../../terminal/output.ts';

/** How many logins or tokens are shown, the newest first. */
const SHOWN = 100;
const CONNECTIONS_SHOWN = 1000;

interface AccessOptions {
  readonly login?: string;
  readonly end?: string;
  readonly withdraw?: string;
}

/** The parts that the commands about users share. */
export interface LoginFiles {
  withLogin(command: Command): Command;
  loginPath(context: Context, options: AccessOptions): string;
}

/** Adds the commands. */
export function registerAccessLists(users: Command, attach: Attach, files: LoginFiles): void {
  const logins = files
    .withLogin(users.command('logins [username]'))
    .description('list a user’s logins (default: your own), or end one')
    .option('--end <login-id>', 'end this login: void its tokens, close its connections');
  attach<AccessOptions>(logins, (context, options, args) =>
    showLogins(context, files.loginPath(context, options), { named: args[0], end: options.end }),
  );
  attach<AccessOptions>(
    files
      .withLogin(users.command('connections'))
      .description('list who is connected, and from where (administrators, auditors)'),
    (context, options) => showConnections(context, files.loginPath(context, options)),
  );
  const tokens = files
    .withLogin(users.command('tokens <username>'))
    .description('list the tokens of a user’s programs, or withdraw one (administrators)')
    .option('--withdraw <token-id>', 'void this token and close its connections');
  attach<AccessOptions>(tokens, (context, options, args) =>
    showTokens(context, files.loginPath(context, options), {
      username: args[0] ?? '',
      withdraw: options.withdraw,
    }),
  );
}

async function showConnections(context: Context, path: string): Promise<void> {
  const api = loginApi(path);
  const query = `?limit=${CONNECTIONS_SHOWN}`;
  const list = await api.call(ConnectionList, {
    method: 'GET',
    path: `/api/v1/connections${query}`,
  });
  const rows = list.connections.map((one) => [
    foreign(one.username),
    one.role,
    foreign(one.client_id ?? ''),
    foreign(one.remote),
    timeOf(one.since),
    one.replaced === undefined
      ? ''
      : `${foreign(one.replaced.remote)} since ${timeOf(one.replaced.since)}`,
  ]);
  const heading = ['USERNAME', 'ROLE', 'CLIENT', 'FROM', 'SINCE', 'TOOK OVER FROM'];
  context.output.result({ ...list }, table(heading, rows));
}

async function showLogins(
  context: Context,
  path: string,
  { named, end }: { readonly named: string | undefined; readonly end: string | undefined },
): Promise<void> {
  const api = loginApi(path);
  const username = named ?? api.login.username;
  const base = `/api/v1/users/${encodeURIComponent(username)}/logins`;
  if (end !== undefined) {
    await api.done({ method: 'DELETE', path: `${base}/${checkedId(end, '--end')}` });
    context.output.result({ username, login_id: end, ended: 'withdrawn' }, [`ended ${end}`]);
    return;
  }
  const list = await api.call(LoginList, { method: 'GET', path: `${base}?limit=${SHOWN}` });
  const rows = list.logins.map((login) => [
    login.login_id,
    timeOf(login.started_at),
    timeOf(login.used_at),
    timeOf(login.expires_at),
    stateOf(login.expires_at, login.ended),
  ]);
  const heading = ['LOGIN', 'SINCE', 'LAST USED', 'UNTIL', 'STATE'];
  context.output.result({ username, ...list }, table(heading, rows));
}

async function showTokens(
  context: Context,
  path: string,
  { username, withdraw }: { readonly username: string; readonly withdraw: string | undefined },
): Promise<void> {
  const api = loginApi(path);
  const base = `/api/v1/users/${encodeURIComponent(username)}/tokens`;
  if (withdraw !== undefined) {
    await api.done({ method: 'DELETE', path: `${base}/${checkedId(withdraw, '--withdraw')}` });
    context.output.result({ username, token_id: withdraw }, [`withdrew ${withdraw}`]);
    return;
  }
  const list = await api.call(TokenList, { method: 'GET', path: `${base}?limit=${SHOWN}` });
  const rows = list.tokens.map((token) => [
    token.token_id,
    foreign(token.issued_by),
    timeOf(token.issued_at),
    timeOf(token.expires_at),
    stateOf(token.expires_at, token.withdrawn_at === undefined ? undefined : 'withdrawn'),
  ]);
  const heading = ['TOKEN', 'MADE BY', 'SINCE', 'UNTIL', 'STATE'];
  context.output.result({ username, ...list }, table(heading, rows));
}

/** Checks an id before anything is sent: it becomes part of a URL. */
function checkedId(id: string, option: string): string {
  if (TokenId.safeParse(id).success) return id;
  throw usageError(`${option}: expected an id as the list shows it`);
}

const timeOf = (time: number): string => new Date(time).toISOString();

const stateOf = (expiresAt: number, ended: string | undefined): string =>
  ended ?? (expiresAt <= Date.now() ? 'expired' : 'active');
