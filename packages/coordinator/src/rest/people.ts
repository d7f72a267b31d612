import {
  addressGroup,
  type LoginAnswer,
  type LoginEntry,
  type PeopleRoute,
  type TokenEntry,
  type UserAnswer,
} from '@quorate/wire';
import type { Identity, IssuedTokenRecord, Login, LoginRecord, UserRecord } from '../auth/index.ts';
import { ApiError } from './errors.ts';
import { pageOf } from '../listing.ts';
import { DONE, type Handlers, type RestDeps } from './call.ts';

/** Routes of setup, login, users and their tokens. */
export function peopleHandlers(deps: RestDeps): Handlers<PeopleRoute> {
  return { ...loginHandlers(deps), ...userHandlers(deps), ...withdrawalHandlers(deps) };
}

type LoginRoute = Extract<PeopleRoute, `${string} /api/v1/${'setup' | 'auth'}${string}`>;
type WithdrawalRoute = Extract<PeopleRoute, `${string}/{username}/${'logins' | 'tokens'}${string}`>;
type UserRoute = Exclude<PeopleRoute, LoginRoute | WithdrawalRoute>;

function loginHandlers({ auth, addresses }: RestDeps): Handlers<LoginRoute> {
  return {
    'POST /api/v1/setup': async ({ body }) => userAnswer(await auth.setUp(body)),
    'POST /api/v1/auth/login': async ({ request, body }) => {
      const { refresh_token: device, ...credentials } = body;
      const address = addressGroup(addresses.of(request.raw));
      return loginAnswer(await auth.login(credentials, { address, device }));
    },
    'POST /api/v1/auth/refresh': async ({ body }) =>
      loginAnswer(await auth.refresh(body.refresh_token)),
    'POST /api/v1/auth/logout': async ({ body, identity }) => {
      await auth.logout({ refreshToken: body.refresh_token, access: identity });
      return DONE;
    },
  };
}

function userHandlers({ auth, database }: RestDeps): Handlers<UserRoute> {
  return {
    'GET /api/v1/users': async ({ query: { after = '', limit } }) => {
      const users = await database.read((tx) => auth.users.list(tx, after, limit + 1));
      const { items, ...next } = pageOf(users, limit, (user) => user.username);
      return { users: items.map(userAnswer), ...next };
    },
    'POST /api/v1/users': async ({ body, identity }) =>
      userAnswer(await auth.createUser(body, identity.username)),
    'PATCH /api/v1/users/{username}': async ({ params: { username }, body, identity }) =>
      userAnswer(await auth.patchUser(username, body, identity.username)),
  };
}

/** Routes that list, make and revoke a user's logins and tokens. */
function withdrawalHandlers({ auth, database }: RestDeps): Handlers<WithdrawalRoute> {
  return {
    'POST /api/v1/users/{username}/tokens': async ({ params: { username }, body, identity }) => {
      const lifetime = body.expires_in * 1000;
      const issued = await auth.issueToken({ username, lifetime, actor: identity.username });
      return { token: issued.token, token_id: issued.tokenId, expires_at: issued.expiresAt };
    },
    'GET /api/v1/users/{username}/tokens': async ({ params: { username }, query: { limit } }) => {
      const tokens = await database.read((tx) => auth.listTokens(tx, username, limit));
      return { tokens: tokens.map(tokenEntry) };
    },
    'DELETE /api/v1/users/{username}/tokens/{token_id}': async ({ params, identity }) => {
      const { username, token_id: tokenId } = params;
      await auth.revokeToken({ username, tokenId, actor: identity.username });
      return DONE;
    },
    'GET /api/v1/users/{username}/logins': async ({ params: { username }, query, identity }) => {
      requireOwn(identity, username);
      const logins = await database.read((tx) => auth.listLogins(tx, username, query.limit));
      return { logins: logins.map(loginEntry) };
    },
    'DELETE /api/v1/users/{username}/logins/{login_id}': async ({ params, identity }) => {
      const { username, login_id: loginId } = params;
      requireOwn(identity, username);
      await auth.endLogin({ username, loginId, actor: identity.username });
      return DONE;
    },
  };
}

/** Restricts a user without the role admin to the user's own logins. */
function requireOwn({ username, roles }: Identity, named: string): void {
  if (username === named || roles.includes('admin')) return;
  throw new ApiError('not_found', 'no such user, or none of yours');
}

function loginEntry({ loginId, startedAt, usedAt, expiresAt, ended }: LoginRecord): LoginEntry {
  return {
    login_id: loginId,
    started_at: startedAt,
    used_at: usedAt,
    expires_at: expiresAt,
    ...(ended === undefined ? {} : { ended }),
  };
}

function tokenEntry(token: IssuedTokenRecord): TokenEntry {
  const { withdrawnAt } = token;
  return {
    token_id: token.tokenId,
    issued_by: token.issuedBy,
    issued_at: token.issuedAt,
    expires_at: token.expiresAt,
    ...(withdrawnAt === undefined ? {} : { withdrawn_at: withdrawnAt }),
  };
}

function loginAnswer(login: Login): LoginAnswer {
  return {
    username: login.username,
    access_token: login.accessToken,
    refresh_token: login.refreshToken,
    expires_at: login.expiresAt,
    roles: [...login.roles],
  };
}

function userAnswer(user: UserRecord): UserAnswer {
  return {
    username: user.username,
    roles: [...user.roles],
    state: user.state,
    has_password: user.hasPassword,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  };
}
