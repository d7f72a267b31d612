import {
  addressGroup,
  type LoginEntry,
  LoginRequest,
  LogoutRequest,
  NewestQuery,
  RefreshRequest,
  SetupRequest,
  type TokenEntry,
  TokenId,
  TokenRequest,
  UserCreate,
  UserPatch,
  Username,
  type LoginAnswer,
  type UserAnswer,
  ListQuery,
} from '@quorate/wire';
import { z } from 'zod';
import type { Identity, IssuedTokenRecord, Login, LoginRecord, UserRecord } from '../auth/index.ts';
import { ApiError } from './errors.ts';
import { pageOf } from '../listing.ts';
import { DONE, type Handlers, parse, type RestDeps } from './call.ts';

const OfUser = z.strictObject({ username: Username });
const OfToken = z.strictObject({ username: Username, token_id: TokenId });
const OfLogin = z.strictObject({ username: Username, login_id: TokenId });

/** Setup, login, users and their tokens. */
export function peopleHandlers({ auth, database, addresses }: RestDeps): Handlers {
  return {
    'POST /api/v1/setup': async ({ request }) =>
      userAnswer(await auth.setUp(parse(SetupRequest, request.body))),
    'POST /api/v1/auth/login': async ({ request }) => {
      const { refresh_token: device, ...credentials } = parse(LoginRequest, request.body);
      const address = addressGroup(addresses.of(request.raw));
      return loginAnswer(await auth.login(credentials, { address, device }));
    },
    'POST /api/v1/auth/refresh': async ({ request }) =>
      loginAnswer(await auth.refresh(parse(RefreshRequest, request.body).refresh_token)),
    'POST /api/v1/auth/logout': async ({ request, identity }) => {
      const { refresh_token } = parse(LogoutRequest, request.body);
      await auth.logout({ refreshToken: refresh_token, access: identity });
      return DONE;
    },
    'GET /api/v1/users': async ({ request }) => {
      const { after = '', limit } = parse(ListQuery, request.query);
      const users = await database.read((tx) => auth.users.list(tx, after, limit + 1));
      const { items, ...next } = pageOf(users, limit, (user) => user.username);
      return { users: items.map(userAnswer), ...next };
    },
    'POST /api/v1/users': async ({ request, identity }) =>
      userAnswer(await auth.createUser(parse(UserCreate, request.body), identity.username)),
    'PATCH /api/v1/users/{username}': async ({ request, identity }) => {
      const { username } = parse(OfUser, request.params);
      const patch = parse(UserPatch, request.body);
      return userAnswer(await auth.patchUser(username, patch, identity.username));
    },
    'POST /api/v1/users/{username}/tokens': async ({ request, identity }) => {
      const { username } = parse(OfUser, request.params);
      const lifetime = parse(TokenRequest, request.body).expires_in * 1000;
      const issued = await auth.issueToken({ username, lifetime, actor: identity.username });
      return { token: issued.token, token_id: issued.tokenId, expires_at: issued.expiresAt };
    },
    'GET /api/v1/users/{username}/tokens': async ({ request }) => {
      const { username } = parse(OfUser, request.params);
      const { limit } = parse(NewestQuery, request.query);
      const tokens = await database.read((tx) => auth.listTokens(tx, username, limit));
      return { tokens: tokens.map(tokenEntry) };
    },
    'GET /api/v1/users/{username}/logins': async ({ request, identity }) => {
      const { username } = parse(OfUser, request.params);
      const { limit } = parse(NewestQuery, request.query);
      requireOwn(identity, username);
      const logins = await database.read((tx) => auth.listLogins(tx, username, limit));
      return { logins: logins.map(loginEntry) };
    },
    'DELETE /api/v1/users/{username}/logins/{login_id}': async ({ request, identity }) => {
      const { username, login_id: loginId } = parse(OfLogin, request.params);
      requireOwn(identity, username);
      await auth.endLogin({ username, loginId, actor: identity.username });
      return DONE;
    },
    'DELETE /api/v1/users/{username}/tokens/{token_id}': async ({ request, identity }) => {
      const { username, token_id } = parse(OfToken, request.params);
      await auth.revokeToken({ username, tokenId: token_id, actor: identity.username });
      return DONE;
    },
  };
}

/** Whoever is no administrator looks after his own logins only. */
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
