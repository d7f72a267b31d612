import { randomBytes } from 'node:crypto';
import type { AuditLog, Clock, Tokens, Users } from '../services.ts';
import type { Database, Tx } from '../store/database.ts';
import {
  createUser,
  issueToken,
  type NewUser,
  patchUser,
  revokeToken,
  setUp,
  type UserPatch,
} from './accounts.ts';
import { type Lifetimes, type Login, type LoginContext, login, logout, refresh } from './login.ts';
import { DEFAULT_COST, hashPassword, type PasswordCost } from './password.ts';
import { makeSetupToken } from './setup.ts';
import { createThrottle } from './throttle.ts';
import { loadTokenKeys, type TokenKeySettings } from './tokenKeys.ts';
import { createTokenService, type IssuedToken } from './tokens.ts';
import { findUser, listUsers, type UserRecord } from './users.ts';

export { KeyFileError, loadOrCreateKey } from './keyFile.ts';
export { ISSUER_DEFAULTS, type TokenType } from './issuerTerms.ts';
export type { Lifetimes, Login } from './login.ts';
export type { PasswordCost } from './password.ts';
export { Refusal } from './refusal.ts';
export {
  openServerKeys,
  type ServerKeyName,
  type ServerKeys,
} from './serverKeys.ts';
export { createRateLimit, type RateLimit } from './throttle.ts';
export { type TokenKeySettings, tokenKeyKind } from './tokenKeys.ts';
export type { UserRecord } from './users.ts';

/** Users, their passwords and their tokens. */
export interface Auth {
  readonly tokens: Tokens;
  readonly users: Users & {
    find(tx: Tx, username: string): Promise<UserRecord | undefined>;
    /** Users by name, from after a name on. */
    list(tx: Tx, after: string, limit: number): Promise<UserRecord[]>;
  };
  /** Makes the one-time setup token while there is no user; the operator is shown it once. */
  makeSetupToken(): Promise<string | undefined>;
  setUp(request: { token: string; username: string; password: string }): Promise<UserRecord>;
  login(username: string, password: string): Promise<Login>;
  refresh(token: string): Promise<Login>;
  logout(given: Parameters<typeof logout>[1]): Promise<void>;
  createUser(user: NewUser, actor: string): Promise<UserRecord>;
  patchUser(username: string, patch: UserPatch, actor: string): Promise<UserRecord>;
  /** A longer-lived token for a machine; for administrators. */
  issueToken(request: { username: string; lifetime: number; actor: string }): Promise<IssuedToken>;
  revokeToken(request: { username: string; tokenId: string; actor: string }): Promise<void>;
}

/** What {@link createAuth} needs. */
export interface AuthOptions {
  readonly database: Database;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly keys: TokenKeySettings;
  /** Milliseconds; 15 minutes and 12 hours unless given. */
  readonly lifetimes?: Lifetimes;
  readonly cost?: PasswordCost;
  /** Told in the transaction that changes the roles or the state of a user. */
  readonly onChanged?: (tx: Tx, username: string, at: number) => Promise<void>;
  /** Told after a user was changed or a token voided, so that open sockets can be looked at again. */
  readonly onRevoked?: (username: string) => void;
}

const LIFETIMES: Lifetimes = { access: 15 * 60_000, refresh: 12 * 3_600_000 };

/** Opens the register of users over the server's database, making the token key on first start. */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { database, audit, clock } = options;
  const now = (): number => clock.now();
  const keys = await loadTokenKeys(options.keys);
  const cost = options.cost ?? DEFAULT_COST;
  const context: LoginContext = {
    database,
    audit,
    clock,
    cost,
    tokens: createTokenService(keys, database, now),
    throttle: createThrottle(() => clock.elapsed()),
    lifetimes: options.lifetimes ?? LIFETIMES,
    onChanged: options.onChanged ?? (async () => undefined),
    decoy: await hashPassword(randomBytes(24).toString('base64'), cost),
  };
  const told = async <T>(username: string, work: Promise<T>): Promise<T> => {
    const result = await work;
    options.onRevoked?.(username);
    return result;
  };
  return {
    tokens: context.tokens,
    users: { find: findUser, list: listUsers },
    makeSetupToken: () => database.transaction((tx) => makeSetupToken(tx, clock.now())),
    setUp: (request) => setUp(context, request),
    login: (username, password) => login(context, username, password),
    refresh: (token) => refresh(context, token),
    logout: (given) => told(given.access.username, logout(context, given)),
    createUser: (user, actor) => createUser(context, user, actor),
    patchUser: (username, patch, actor) =>
      told(username, patchUser(context, username, patch, actor)),
    issueToken: (request) => issueToken(context, request),
    revokeToken: (request) => told(request.username, revokeToken(context, request)),
  };
}
