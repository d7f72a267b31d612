import type { Role } from '@quorate/wire';
import type { LoginContext } from './login.ts';
import { hashPassword, passwordProblem } from './password.ts';
import { RequestError } from '../requestError.ts';
import { isSetupToken, spendSetupToken } from './setup.ts';
import { addIssued } from './issuedTokens.ts';
import type { IssuedToken } from './tokens.ts';
import { addUser, changeUser, findUser, hasUsers, type User, type UserRecord } from './users.ts';

/** Longest life of a token that an administrator makes for a machine: 30 days, in milliseconds. */
const LONGEST_TOKEN = 30 * 24 * 3_600_000;

/** A user to add. */
export interface NewUser {
  readonly username: string;
  readonly roles: readonly Role[];
  /** Without a password the user can only hold tokens that an administrator makes. */
  readonly password?: string | undefined;
}

/** Changes that an administrator makes to a user. */
export interface UserPatch {
  readonly roles?: readonly Role[] | undefined;
  readonly state?: User['state'] | undefined;
  readonly password?: string | undefined;
}

/**
 * Makes the first administrator, and spends the setup token.
 *
 * @throws RequestError `invalid_token`, `setup_done`, `weak_password`
 */
export async function setUp(
  context: LoginContext,
  request: { token: string; username: string; password: string },
): Promise<UserRecord> {
  const { database, audit, clock, tally } = context;
  const { token, username } = request;
  const refused = await database.transaction(async (tx) => {
    if (await hasUsers(tx))
      return new RequestError('setup_done', 'an administrator already exists');
    if (await isSetupToken(tx, token)) return undefined;
    await tally.append(
      tx,
      {
        at: clock.now(),
        actor: '',
        action: 'setup',
        subject: username,
        outcome: 'refused',
        details: { reason: 'wrong value' },
      },
      'invalid_token',
    );
    return new RequestError('invalid_token', 'this is not the setup token of the last start');
  });
  if (refused !== undefined) throw refused;
  const passwordHash = await hashNew(context, request.password, username);
  return database.transaction(async (tx) => {
    if (await hasUsers(tx)) throw new RequestError('setup_done', 'an administrator already exists');
    if (!(await spendSetupToken(tx, token))) {
      throw new RequestError('invalid_token', 'this is not the setup token of the last start');
    }
    const at = clock.now();
    const user = await addUser(tx, { username, roles: ['admin'], passwordHash, at });
    await audit.append(tx, {
      at,
      actor: username,
      action: 'setup',
      subject: username,
      outcome: 'ok',
      details: {},
    });
    return user;
  });
}

/**
 * Adds a user.
 *
 * @throws RequestError `user_exists`, `weak_password`
 */
export async function createUser(
  context: LoginContext,
  user: NewUser,
  actor: string,
): Promise<UserRecord> {
  const { username, roles, password } = user;
  const passwordHash =
    password === undefined ? undefined : await hashNew(context, password, username);
  return context.database.transaction(async (tx) => {
    const at = context.clock.now();
    const added = await addUser(tx, { username, roles, passwordHash, at });
    await context.audit.append(tx, {
      at,
      actor,
      action: 'user.create',
      subject: username,
      outcome: 'ok',
      details: { roles: [...added.roles] },
    });
    return added;
  });
}

/**
 * Changes a user; this voids all tokens of the user.
 *
 * @throws RequestError `unknown_user`, `last_admin`, `weak_password`
 */
export async function patchUser(
  context: LoginContext,
  username: string,
  patch: UserPatch,
  actor: string,
): Promise<UserRecord> {
  const { roles, state, password } = patch;
  const passwordHash =
    password === undefined ? undefined : await hashNew(context, password, username);
  return context.database.transaction(async (tx) => {
    const at = context.clock.now();
    const changed = await changeUser(tx, username, { roles, state, passwordHash }, at);
    tx.onCommit(() => context.onRevoked({ username }));
    await context.audit.append(tx, {
      at,
      actor,
      action: 'user.change',
      subject: username,
      outcome: 'ok',
      details: {
        roles: [...changed.roles],
        state: changed.state,
        changed: Object.entries(patch).flatMap(([name, value]) =>
          value === undefined ? [] : [name],
        ),
      },
    });
    await context.onChanged(tx, username, at);
    return changed;
  });
}

/**
 * Makes a longer-lived access token for a machine that acts for a user.
 *
 * @throws RequestError `unknown_user`, also for a disabled one
 */
export async function issueToken(
  context: LoginContext,
  request: { username: string; lifetime: number; actor: string },
): Promise<IssuedToken> {
  const { username, actor } = request;
  const user = await context.database.read((tx) => findUser(tx, username));
  if (user?.state !== 'active')
    throw new RequestError('unknown_user', 'no active user with this name');
  const lifetime = Math.min(request.lifetime, LONGEST_TOKEN);
  const issued = await context.tokens.issue(user, lifetime);
  await context.database.transaction(async (tx) => {
    const { tokenId, expiresAt } = issued;
    const issuedAt = context.clock.now();
    await addIssued(tx, { tokenId, username, issuedBy: actor, issuedAt, expiresAt });
    await context.audit.append(tx, {
      at: issuedAt,
      actor,
      action: 'user.token',
      subject: username,
      outcome: 'ok',
      details: { token_id: tokenId, expires_at: expiresAt },
    });
  });
  return issued;
}

function hashNew(context: LoginContext, password: string, username: string): Promise<string> {
  const problem = passwordProblem(password, username);
  if (problem !== undefined) throw new RequestError('weak_password', problem);
  return hashPassword(password, context.cost);
}
