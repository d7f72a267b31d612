import { randomBytes } from 'node:crypto';
import type { AuditLog, Tally } from '../audit/index.ts';
import type { Clock } from '../clock.ts';
import type { Revoked, Tokens } from './identity.ts';
import type { Database, Tx } from '../store/database.ts';
import {
  createUser,
  issueToken,
  type NewUser,
  patchUser,
  setUp,
  type UserPatch,
} from './accounts.ts';
import { addressHasher } from './addressHash.ts';
import { type GuessRates, Guesses } from '../limits/guesses.ts';
import { type IssuedTokenRecord, listIssued } from './issuedTokens.ts';
import {
  type GuessOutcome,
  type Lifetimes,
  type Login,
  type LoginContext,
  login,
  type LoginOrigin,
  refresh,
} from './login.ts';
import { listLogins, type LoginRecord } from './logins.ts';
import { DEFAULT_COST, hashPassword, type PasswordCost } from './password.ts';
import { makeSetupToken } from './setup.ts';
import { loadTokenKeys, type TokenKeySettings } from './tokenKeys.ts';
import { createTokenService, type IssuedToken } from './tokens.ts';
import { findUser, listUsers, type UserRecord, type Users } from './users.ts';
import { endLogin, logout, revokeToken } from './withdrawals.ts';

export { KeyFileError, loadOrCreateKey } from './keyFile.ts';
export { ISSUER_DEFAULTS, type TokenType } from './issuerTerms.ts';
export type { Identity, Refused, Revoked, Tokens } from './identity.ts';
export type { IssuedTokenRecord } from './issuedTokens.ts';
export type { GuessOutcome, Lifetimes, Login } from './login.ts';
export type { LoginRecord } from './logins.ts';
export type { PasswordCost } from './password.ts';
export {
  openServerKeys,
  type ServerKeyName,
  type OpenedKeys,
  type ServerKeys,
} from './serverKeys.ts';
export { type TokenKeySettings, tokenKeyKind } from './tokenKeys.ts';
export type { User, UserRecord, Users } from './users.ts';

/** Users, their passwords and their tokens. */
export interface Auth {
  readonly tokens: Tokens;
  readonly users: Users & {
    find(tx: Tx, username: string): Promise<UserRecord | undefined>;
    /** Users by name, from after a name on. */
    list(tx: Tx, after: string, limit: number): Promise<UserRecord[]>;
  };
  /** Makes the one-time setup token while there is no user; shown to the operator once. */
  makeSetupToken(): Promise<string | undefined>;
  setUp(request: { token: string; username: string; password: string }): Promise<UserRecord>;
  login(credentials: Parameters<typeof login>[1], origin: LoginOrigin): Promise<Login>;
  refresh(token: string): Promise<Login>;
  logout(given: Parameters<typeof logout>[1]): Promise<void>;
  createUser(user: NewUser, actor: string): Promise<UserRecord>;
  patchUser(username: string, patch: UserPatch, actor: string): Promise<UserRecord>;
  /** Makes a longer-lived token for a machine; for administrators. */
  issueToken(request: { username: string; lifetime: number; actor: string }): Promise<IssuedToken>;
  revokeToken(request: { username: string; tokenId: string; actor: string }): Promise<void>;
  /** Ends a user's login; for administrators and the user. */
  endLogin(request: { username: string; loginId: string; actor: string }): Promise<void>;
  /** A user's logins, newest first. */
  listLogins(tx: Tx, username: string, limit: number): Promise<LoginRecord[]>;
  /** The tokens that administrators made for a user, newest first. */
  listTokens(tx: Tx, username: string, limit: number): Promise<IssuedTokenRecord[]>;
}

/** Options of {@link createAuth}. */
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
  /** Told of a revocation once it is durable, to close the connections. */
  readonly onRevoked?: (revoked: Revoked) => void;
  /** Told how each login ended. */
  readonly onGuess?: (outcome: GuessOutcome) => void;
  /** Bounds how many guesses the audit log records; without it every guess is recorded. */
  readonly tally?: Pick<Tally, 'first' | 'append'>;
  /** How long a device or an address counts as known after a login, milliseconds; 30 days unless given. */
  readonly knownFor?: number;
  readonly rates?: GuessRates;
}

const LIFETIMES: Lifetimes = { access: 15 * 60_000, refresh: 12 * 3_600_000 };

/** How long a device or an address counts as known unless configured, milliseconds. */
export const KNOWN_FOR: number = 30 * 86_400_000;

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
    guesses: new Guesses(() => clock.elapsed(), options.rates),
    lifetimes: options.lifetimes ?? LIFETIMES,
    onChanged: options.onChanged ?? (async () => undefined),
    decoy: await hashPassword(randomBytes(24).toString('base64'), cost),
    knownFor: options.knownFor ?? KNOWN_FOR,
    hashAddress: addressHasher(keys),
    tally: options.tally ?? { first: () => true, append: (tx, event) => audit.append(tx, event) },
    onGuess: options.onGuess ?? (() => undefined),
    onRevoked: options.onRevoked ?? (() => undefined),
  };
  return {
    tokens: context.tokens,
    users: { find: findUser, list: listUsers },
    makeSetupToken: () => database.transaction((tx) => makeSetupToken(tx, clock.now())),
    setUp: (request) => setUp(context, request),
    login: (credentials, origin) => login(context, credentials, origin),
    refresh: (token) => refresh(context, token),
    logout: (given) => logout(context, given),
    createUser: (user, actor) => createUser(context, user, actor),
    patchUser: (username, patch, actor) => patchUser(context, username, patch, actor),
    issueToken: (request) => issueToken(context, request),
    revokeToken: (request) => revokeToken(context, request),
    endLogin: (request) => endLogin(context, request),
    listLogins,
    listTokens: listIssued,
  };
}
