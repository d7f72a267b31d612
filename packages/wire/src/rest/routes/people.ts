/** Routes of setup, login, users and their tokens. */
import { z } from 'zod';
import { Username } from '../../fields.ts';
import { Done, ListQuery, NewestQuery } from '../common.ts';
import {
  LoginAnswer,
  LoginList,
  LoginRequest,
  LogoutRequest,
  RefreshRequest,
  SetupRequest,
  TokenAnswer,
  TokenId,
  TokenList,
  TokenRequest,
  UserAnswer,
  UserCreate,
  UserList,
  UserPatch,
} from '../people.ts';
import { EVERYBODY, ADMIN, type RouteTable } from './route.ts';

const ofUser = z.strictObject({ username: Username });
const ofToken = z.strictObject({ username: Username, token_id: TokenId });
const ofLogin = z.strictObject({ username: Username, login_id: TokenId });

/** Routes of setup, login, users and their tokens. */
export const PEOPLE_ROUTES = {
  'POST /api/v1/setup': {
    roles: 'anyone',
    summary: 'make the first administrator',
    body: SetupRequest,
    status: 201,
    answer: UserAnswer,
    codes: ['invalid_token', 'setup_done', 'weak_password', 'rate_limited'],
  },
  'POST /api/v1/auth/login': {
    roles: 'anyone',
    summary: 'log in with a password',
    body: LoginRequest,
    answer: LoginAnswer,
    codes: ['invalid_credentials', 'rate_limited'],
  },
  'POST /api/v1/auth/refresh': {
    roles: 'anyone',
    summary: 'exchange a refresh token',
    body: RefreshRequest,
    answer: LoginAnswer,
    codes: ['invalid_token', 'rate_limited'],
  },
  'POST /api/v1/auth/logout': {
    roles: EVERYBODY,
    summary: 'end the login',
    body: LogoutRequest,
    answer: Done,
  },
  'GET /api/v1/users': {
    roles: ['admin', 'auditor', 'coordinator'],
    summary: 'list users',
    query: ListQuery,
    answer: UserList,
  },
  'POST /api/v1/users': {
    roles: ADMIN,
    summary: 'add a user',
    body: UserCreate,
    status: 201,
    answer: UserAnswer,
    codes: ['user_exists', 'weak_password'],
  },
  'PATCH /api/v1/users/{username}': {
    roles: ADMIN,
    summary: 'change a user',
    params: ofUser,
    body: UserPatch,
    answer: UserAnswer,
    codes: ['unknown_user', 'last_admin', 'weak_password'],
  },
  'POST /api/v1/users/{username}/tokens': {
    roles: ADMIN,
    summary: 'make a token for a program',
    params: ofUser,
    body: TokenRequest,
    status: 201,
    answer: TokenAnswer,
    codes: ['unknown_user'],
  },
  'GET /api/v1/users/{username}/tokens': {
    roles: ADMIN,
    summary: 'list tokens of a user’s programs',
    params: ofUser,
    query: NewestQuery,
    answer: TokenList,
  },
  'DELETE /api/v1/users/{username}/tokens/{token_id}': {
    roles: ADMIN,
    summary: 'revoke a token',
    params: ofToken,
    answer: Done,
    codes: ['unknown_token'],
  },
  'GET /api/v1/users/{username}/logins': {
    roles: EVERYBODY,
    summary: 'list logins of a user; only administrators see those of others',
    params: ofUser,
    query: NewestQuery,
    answer: LoginList,
  },
  'DELETE /api/v1/users/{username}/logins/{login_id}': {
    roles: EVERYBODY,
    summary: 'end a login; only administrators end those of others',
    params: ofLogin,
    answer: Done,
    codes: ['unknown_login'],
  },
} satisfies RouteTable;

/** The name of one of them. */
export type PeopleRoute = keyof typeof PEOPLE_ROUTES;
