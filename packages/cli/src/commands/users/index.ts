/**
 * `quorate users`: the first administrator, logins, people and the tokens of their agents.
 *
 * @module
 */
import { UserList, Username } from '@quorate/wire';
import { type Command, InvalidArgumentError } from 'commander';
import type { Attach, Context } from '../../context.ts';
import { usageError } from '../../errors.ts';
import { readText, writeDurably } from '../../files.ts';
import { addUser, issueToken, logIn, setUpAdministrator } from '../../operations/users.ts';
import { everyPage, loginApi } from '../../remote/api.ts';
import { checkedUrl, type Endpoint } from '../../remote/http.ts';
import {
  defaultLoginPath,
  earlierLogin,
  readLogin,
  removeLogin,
  writeLogin,
} from '../../remote/session.ts';
import { obtainSecret, withSecretText } from '../../secrets.ts';
import { foreign, table } from '../../terminal/output.ts';
import { registerAccessLists } from './access.ts';

const ROLES = ['admin', 'coordinator', 'participant', 'auditor'];
const DAY_SECONDS = 86_400;

interface LoginOption {
  readonly login?: string;
}

interface ConnectOptions extends LoginOption {
  readonly url: string;
  readonly ca?: string;
  readonly allowInsecure?: boolean;
}

/** Adds the commands. */
export function registerUsers(program: Command, attach: Attach): void {
  const users = program.command('users').description('manage people, logins and tokens');
  registerAccess(users, attach);
  registerPeople(users, attach);
  registerAccessLists(users, attach, { withLogin, loginPath });
}

/** The option that names the login file. */
export function withLogin(command: Command): Command {
  return command.option('--login <file>', 'the login to use (default: QUORATE_LOGIN or ~/.config)');
}

/** The login file that the options or the environment name. */
export function loginPath(context: Context, options: LoginOption): string {
  return options.login ?? defaultLoginPath(context.world.environment);
}

function withConnection(command: Command): Command {
  return withLogin(command)
    .requiredOption('--url <url>', 'the coordinator, e.g. https://quorate.example:8080')
    .option('--ca <file>', 'CA certificate of the coordinator, PEM')
    .option('--allow-insecure', 'allow plain http:// to another host')
    .requiredOption('--username <name>', 'your username')
    .option('--password-file <file>', 'file of mode 0600 (default: a prompt)');
}

function registerAccess(users: Command, attach: Attach): void {
  const setup = withConnection(users.command('setup'))
    .description(
      'create the first administrator, with the setup token that the coordinator printed',
    )
    .option('--setup-token-file <file>', 'file of mode 0600 (default: a prompt)');
  attach<ConnectOptions & PersonOptions & { setupTokenFile?: string }>(setup, setUp);
  attach<ConnectOptions & PersonOptions>(
    withConnection(users.command('login')).description('log in on this machine'),
    signIn,
  );
  attach<LoginOption>(
    withLogin(users.command('logout')).description('end this machine’s login'),
    signOut,
  );
}

interface PersonOptions {
  readonly username: string;
  readonly passwordFile?: string;
}

async function setUp(
  context: Context,
  options: ConnectOptions & PersonOptions & { readonly setupTokenFile?: string },
): Promise<void> {
  checkUsername(options.username);
  const endpoint = endpointOf(options);
  const token = await obtainSecret(options.setupTokenFile, {
    question: 'Setup token',
    option: '--setup-token-file',
  });
  await withSecretText(token, async (setupToken) => {
    await withPassword(options, true, (password) =>
      setUpAdministrator(endpoint, setupToken, { username: options.username, password }),
    );
  });
  context.output.result({ username: options.username, roles: ['admin'] }, [
    `${options.username} is the administrator; next: quorate users login`,
  ]);
}

async function signIn(context: Context, options: ConnectOptions & PersonOptions): Promise<void> {
  const path = loginPath(context, options);
  const endpoint = endpointOf(options);
  const { username } = options;
  const device = earlierLogin(path, { url: endpoint.url, username })?.refresh_token;
  const login = await withPassword(options, false, (password) =>
    logIn(endpoint, { username, password }, device),
  );
  writeLogin(path, login);
  context.output.result({ username: login.username, roles: login.roles, login: path }, [
    `logged in as ${login.username} (${login.roles.join(', ')}); kept in ${path}`,
  ]);
}

async function signOut(context: Context, options: LoginOption): Promise<void> {
  const path = loginPath(context, options);
  const login = readLogin(path);
  try {
    await loginApi(path).done({
      method: 'POST',
      path: '/api/v1/auth/logout',
      body: { refresh_token: login.refresh_token },
    });
  } finally {
    removeLogin(path);
  }
  context.output.result({ username: login.username }, ['logged out']);
}

function endpointOf(options: ConnectOptions): Endpoint {
  const url = checkedUrl(options.url, options.allowInsecure);
  if (options.ca === undefined) return { url };
  return { url, ca: readText(options.ca, 'certificate authority') };
}

async function withPassword<T>(
  options: PersonOptions,
  confirm: boolean,
  use: (password: string) => Promise<T>,
): Promise<T> {
  const password = await obtainSecret(options.passwordFile, {
    question: `Password of ${options.username}`,
    option: '--password-file',
    confirm,
  });
  return withSecretText(password, use);
}

function registerPeople(users: Command, attach: Attach): void {
  const add = withLogin(users.command('add <username>'))
    .description('add a person (administrators)')
    .requiredOption('--role <role>', `one of ${ROLES.join(', ')}; repeat for several`, collectRole)
    .option('--password-file <file>', 'file of mode 0600 (default: a prompt)')
    .option('--no-password', 'allow no login, only tokens that an administrator makes');
  attach<AddOptions>(add, addPerson);
  attach<LoginOption>(
    withLogin(users.command('list')).description(
      'list everybody with their roles (administrators)',
    ),
    listPeople,
  );
  const change = withLogin(users.command('change <username>'))
    .description('change roles, disable or enable (administrators)')
    .option('--role <role>', 'replace the roles; repeat for several', collectRole)
    .option('--disable', 'end logins and sessions, and allow no new ones')
    .option('--enable', 'undo --disable');
  attach<ChangeOptions>(change, changePerson);
  const token = withLogin(users.command('token <username>'))
    .description('create a token for this person’s agent (administrators)')
    .requiredOption('--out <file>', 'write the token to this file, mode 0600')
    .option('--days <days>', 'days until it expires, at most 30', parseDays, 30);
  attach<LoginOption & { out: string; days: number }>(token, makeToken);
}

function collectRole(role: string, before: readonly string[] | undefined): string[] {
  if (!ROLES.includes(role)) throw new InvalidArgumentError(`one of ${ROLES.join(', ')}`);
  return [...(before ?? []), role];
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!(days > 0 && days <= 30)) throw new InvalidArgumentError('a number, at most 30');
  return days;
}

interface AddOptions extends LoginOption {
  readonly role: string[];
  readonly passwordFile?: string;
  /** False after --no-password. */
  readonly password?: boolean;
}

async function addPerson(
  context: Context,
  options: AddOptions,
  [username = '']: readonly string[],
): Promise<void> {
  checkNewPerson(username, options);
  const api = loginApi(loginPath(context, options));
  if (options.password === false) await addUser(api, { username }, options.role);
  else {
    await withPassword({ ...options, username }, true, (password) =>
      addUser(api, { username, password }, options.role),
    );
  }
  context.output.result({ username, roles: options.role }, [
    `added ${username} (${options.role.join(', ')})`,
  ]);
}

/** Checks the name before anybody types a password. */
function checkUsername(username: string): void {
  if (Username.safeParse(username).success && !username.includes(',')) return;
  throw usageError(
    'a username has 1 to 64 characters: no comma, no control character, no space at its ends',
    'keygen and sign take usernames separated by commas',
  );
}

function checkNewPerson(username: string, options: AddOptions): void {
  checkUsername(username);
  if (options.password === false && options.passwordFile !== undefined) {
    throw usageError('--no-password and --password-file contradict each other');
  }
}

async function listPeople(context: Context, options: LoginOption): Promise<void> {
  const api = loginApi(loginPath(context, options));
  const users = await everyPage(api, UserList, '/api/v1/users', (page) => page.users);
  const rows = users.map((user) => [foreign(user.username), user.roles.join(','), user.state]);
  context.output.result({ users }, table(['USERNAME', 'ROLES', 'STATE'], rows));
}

interface ChangeOptions extends LoginOption {
  readonly role?: string[];
  readonly disable?: boolean;
  readonly enable?: boolean;
}

async function changePerson(
  context: Context,
  options: ChangeOptions,
  [username = '']: readonly string[],
): Promise<void> {
  if (options.disable === true && options.enable === true) {
    throw usageError('--disable and --enable contradict each other');
  }
  const state =
    options.disable === true ? 'disabled' : options.enable === true ? 'active' : undefined;
  const body = {
    ...(options.role === undefined ? {} : { roles: options.role }),
    ...(state === undefined ? {} : { state }),
  };
  const path = `/api/v1/users/${encodeURIComponent(username)}`;
  await loginApi(loginPath(context, options)).done({ method: 'PATCH', path, body });
  context.output.result({ username, ...body }, [`changed ${username}`]);
}

async function makeToken(
  context: Context,
  options: LoginOption & { readonly out: string; readonly days: number },
  [username = '']: readonly string[],
): Promise<void> {
  const api = loginApi(loginPath(context, options));
  const issued = await issueToken(api, username, Math.floor(options.days * DAY_SECONDS));
  writeDurably(options.out, `${issued.token}\n`, { private: true });
  const until = new Date(issued.expires_at).toISOString();
  const { token_id, expires_at } = issued;
  context.output.result({ username, file: options.out, token_id, expires_at }, [
    `token of ${username} in ${options.out}, valid until ${until}`,
  ]);
}
