/**
 * Setup, login and users (docs/spec/wire.md §12).
 */
import { z } from 'zod';
import { Time, Username } from '../fields.ts';
import { LIMITS } from '../limits.ts';
import { Next, Role, Roles } from './common.ts';
import { bounded, matching } from '../strings.ts';
import { EXPECTED, saying } from '../expectations.ts';

// The rules for passwords apply when one is set; these bounds only limit the request.
const Password = bounded(LIMITS.password.max).min(1).meta({ format: 'password' });
const Token = bounded(LIMITS.token).min(1);

/** Makes the first administrator with the token that the first start printed. */
export const SetupRequest = z
  .strictObject({ token: Token, username: Username, password: Password })
  .meta({ id: 'SetupRequest' });
export type SetupRequest = z.infer<typeof SetupRequest>;

/**
 * A name and a password. The newest refresh token of an earlier login at this device, even an ended one, shows
 * that the device is known: guesses made elsewhere then do not make it wait.
 */
export const LoginRequest = z
  .strictObject({ username: Username, password: Password, refresh_token: Token.optional() })
  .meta({ id: 'LoginRequest' });
export type LoginRequest = z.infer<typeof LoginRequest>;

/** The refresh token of the last login or refresh; valid once. */
export const RefreshRequest = z
  .strictObject({ refresh_token: Token })
  .meta({ id: 'RefreshRequest' });
export type RefreshRequest = z.infer<typeof RefreshRequest>;

/** Ends the login, and voids the refresh token if given. */
export const LogoutRequest = z
  .strictObject({ refresh_token: Token.optional() })
  .meta({ id: 'LogoutRequest' });
export type LogoutRequest = z.infer<typeof LogoutRequest>;

/** Tokens of a login. Secret. */
export const LoginAnswer = z
  .strictObject({
    username: Username,
    access_token: Token,
    refresh_token: Token,
    expires_at: Time,
    roles: z.array(Role).max(4),
  })
  .meta({ id: 'LoginAnswer' });
export type LoginAnswer = z.infer<typeof LoginAnswer>;

const UserStateName = z.enum(['active', 'disabled']);

/** A new user. Without a password the user can only hold tokens that an administrator makes. */
export const UserCreate = z
  .strictObject({ username: Username, password: Password.optional(), roles: Roles })
  .meta({ id: 'UserCreate' });
export type UserCreate = z.infer<typeof UserCreate>;

/** Changes that an administrator makes to a user. */
export const UserPatch = z
  .strictObject({
    roles: Roles.optional(),
    state: UserStateName.optional(),
    password: Password.optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, saying(EXPECTED.change))
  .meta({ id: 'UserPatch' });
export type UserPatch = z.infer<typeof UserPatch>;

/** A user, without secrets. */
export const UserAnswer = z
  .strictObject({
    username: Username,
    roles: z.array(Role).max(4),
    state: UserStateName,
    has_password: z.boolean(),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: 'UserAnswer' });
export type UserAnswer = z.infer<typeof UserAnswer>;

/** Users by name. */
export const UserList = z
  .strictObject({ users: z.array(UserAnswer).max(LIMITS.page.max), next: Next })
  .meta({ id: 'UserList' });
export type UserList = z.infer<typeof UserList>;

/** A token for a program that acts for a user; seconds, at most 30 days. */
export const TokenRequest = z
  .strictObject({
    expires_in: z
      .int()
      .min(1)
      .max(30 * 86_400),
  })
  .meta({ id: 'TokenRequest' });
export type TokenRequest = z.infer<typeof TokenRequest>;

/** The new token. Secret. */
export const TokenAnswer = z
  .strictObject({ token: Token, token_id: bounded(128), expires_at: Time })
  .meta({ id: 'TokenAnswer' });
export type TokenAnswer = z.infer<typeof TokenAnswer>;

/** The id of a token or a login. */
export const TokenId = matching(/^[A-Za-z0-9_-]{1,128}$/, 128, EXPECTED.tokenId);

/** A login of a user, without its tokens. */
export const LoginEntry = z
  .strictObject({
    login_id: TokenId,
    started_at: Time,
    used_at: Time.meta({ description: 'when it was last refreshed' }),
    expires_at: Time,
    ended: z.enum(['logout', 'withdrawn', 'reused']).optional(),
  })
  .meta({ id: 'LoginEntry' });
export type LoginEntry = z.infer<typeof LoginEntry>;

/** Logins of a user, newest first. */
export const LoginList = z
  .strictObject({ logins: z.array(LoginEntry).max(LIMITS.page.max) })
  .meta({ id: 'LoginList' });
export type LoginList = z.infer<typeof LoginList>;

/** A token that an administrator made for a user's program, without the token itself. */
export const TokenEntry = z
  .strictObject({
    token_id: TokenId,
    issued_by: Username,
    issued_at: Time,
    expires_at: Time,
    withdrawn_at: Time.optional(),
  })
  .meta({ id: 'TokenEntry' });
export type TokenEntry = z.infer<typeof TokenEntry>;

/** Tokens of a user, newest first. */
export const TokenList = z
  .strictObject({ tokens: z.array(TokenEntry).max(LIMITS.page.max) })
  .meta({ id: 'TokenList' });
export type TokenList = z.infer<typeof TokenList>;
