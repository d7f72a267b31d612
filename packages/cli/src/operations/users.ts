/**
 * Users and logins, as the commands and the development cluster do them.
 *
 * @module
 */
import { LoginAnswer, TokenAnswer } from '@quorate/wire';
import { type Api, anonymousApi } from '../remote/api.ts';
import type { Endpoint } from '../remote/http.ts';
import type { Login } from '../remote/session.ts';

/** A name and its password. Secret. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Makes the first administrator with the token that the coordinator printed. */
export async function setUpAdministrator(
  endpoint: Endpoint,
  setupToken: string,
  credentials: Credentials,
): Promise<void> {
  await anonymousApi(endpoint).done({
    method: 'POST',
    path: '/api/v1/setup',
    body: { token: setupToken, ...credentials },
  });
}

/**
 * Exchanges a password for tokens. The refresh token of an earlier login here shows that the device is known:
 * guesses that somebody makes elsewhere then do not make this login wait.
 */
export async function logIn(
  endpoint: Endpoint,
  credentials: Credentials,
  device?: string,
): Promise<Omit<Login, 'format'>> {
  const tokens = await anonymousApi(endpoint).call(LoginAnswer, {
    method: 'POST',
    path: '/api/v1/auth/login',
    body: { ...credentials, ...(device === undefined ? {} : { refresh_token: device }) },
  });
  return { ...endpoint, ...tokens };
}

/** Adds a user with roles; without a password it has only the tokens that an administrator makes. */
export async function addUser(
  api: Api,
  credentials: Pick<Credentials, 'username'> & Partial<Credentials>,
  roles: readonly string[],
): Promise<void> {
  await api.done({ method: 'POST', path: '/api/v1/users', body: { ...credentials, roles } });
}

/** A token for a program that speaks as this user, e.g. its agent; seconds at most 30 days. */
export function issueToken(api: Api, username: string, seconds: number): Promise<TokenAnswer> {
  return api.call(TokenAnswer, {
    method: 'POST',
    path: `/api/v1/users/${encodeURIComponent(username)}/tokens`,
    body: { expires_in: seconds },
  });
}
