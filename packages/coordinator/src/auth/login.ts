import type { Role } from '@quorate/wire';
import type { AuditEvent, AuditLog, Tally } from '../audit/index.ts';
import type { Clock } from '../clock.ts';
import type { Revoked } from './identity.ts';
import type { Database, Tx } from '../store/database.ts';
import { hashPassword, isOutdated, type PasswordCost, verifyPassword } from './password.ts';
import { hashToken, renew, startFamily } from './refresh.ts';
import { RequestError } from '../requestError.ts';
import type { Attempt, Guesses } from '../limits/guesses.ts';
import { removeExpiredTokens } from './issuedTokens.ts';
import { addLogin, removeExpiredLogins, knownPlace } from './logins.ts';
import { removeExpiredRefreshTokens, type TokenService } from './tokens.ts';
import { findPassword, findUser, replaceHash, type UserRecord } from './users.ts';

/** The tokens of a login, and their user. */
export interface Login {
  readonly username: string;
  readonly roles: readonly Role[];
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Of the access token, milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Lifetimes in milliseconds. */
export interface Lifetimes {
  /** Of an access token. */
  readonly access: number;
  /** From one login to the next, however often the tokens are refreshed. */
  readonly refresh: number;
}

/** The parts that all login functions share. */
export interface LoginContext {
  readonly database: Database;
  readonly tokens: TokenService;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly guesses: Guesses;
  readonly cost: PasswordCost;
  readonly lifetimes: Lifetimes;
  /** Told in the transaction that changes the roles or the state of a user. */
  readonly onChanged: (tx: Tx, username: string, at: number) => Promise<void>;
  /** The hash of a password that nobody has, compared if the user has none. */
  readonly decoy: string;
  /** How long a device or an address counts as known after a login, milliseconds. */
  readonly knownFor: number;
  /** Hashes addresses under a key that is not in the database. */
  readonly hashAddress: (address: string) => string;
  readonly tally: Pick<Tally, 'first' | 'append'>;
  readonly onGuess: (outcome: GuessOutcome) => void;
  readonly onRevoked: (revoked: Revoked) => void;
}

/** The outcome of a login, for the metrics. */
export type GuessOutcome = 'ok' | 'wrong' | 'throttled' | 'flooded';

/** The origin of a login. */
export interface LoginOrigin {
  /** The address, or the unit in which addresses are counted. */
  readonly address: string;
  /** The newest refresh token of an earlier login on this device. */
  readonly device?: string | undefined;
}

/**
 * Logs a user in by password.
 *
 * Security: an unknown name, a wrong password, a disabled user and a user without a password get the same
 * answer after the same work; only the audit log tells them apart (J-7).
 *
 * @throws RequestError `invalid_credentials` or `rate_limited`
 */
export async function login(
  context: LoginContext,
  { username, password }: { readonly username: string; readonly password: string },
  origin: LoginOrigin,
): Promise<Login> {
  const { database, guesses, cost, onGuess } = context;
  const attempt = await attemptOf(context, username, origin);
  const wait = guesses.waitOf(attempt);
  if (wait > 0) {
    onGuess('throttled');
    await recordThrottled(context, username, origin);
    throw new RequestError('rate_limited', waitText(wait), wait);
  }
  // Counted before the slow comparison, so that parallel guesses are counted as well.
  const { flooded } = guesses.failed(attempt);
  if (flooded) await recordFlood(context, username);
  const stored = await database.read((tx) => findPassword(tx, username));
  const matches = await verifyPassword(password, stored ?? context.decoy);
  const rehashed =
    matches && stored !== undefined && isOutdated(stored, cost)
      ? await hashPassword(password, cost)
      : undefined;
  const opened = await open(context, { username, stored, matches, rehashed }, origin).catch(
    (error: unknown) => {
      // A failing store must not lock out a user who knows the password.
      if (matches && stored !== undefined) guesses.succeeded(attempt);
      throw error;
    },
  );
  if (opened === undefined) {
    onGuess('wrong');
    throw new RequestError('invalid_credentials', 'username or password is wrong');
  }
  guesses.succeeded(attempt);
  onGuess('ok');
  return grant(context, opened);
}

/** The result of comparing the password. */
interface Compared {
  readonly username: string;
  readonly stored: string | undefined;
  readonly matches: boolean;
  /** The same password hashed at today's cost. */
  readonly rehashed: string | undefined;
}

/** Opens the login if the password was right and the user has not changed meanwhile. */
function open(
  context: LoginContext,
  { username, stored, matches, rehashed }: Compared,
  { address }: LoginOrigin,
): Promise<Parameters<typeof grant>[1] | undefined> {
  const { database, clock, audit, lifetimes } = context;
  return database.transaction(async (tx) => {
    const now = clock.now();
    const user = await findUser(tx, username);
    const same = stored !== undefined && (await findPassword(tx, username)) === stored;
    if (!matches || !same || user?.state !== 'active') {
      const why = matches && same ? 'disabled' : 'wrong password';
      await recordWrong(tx, context, refusedLogin(now, user, why, address));
      return undefined;
    }
    await removeExpired(tx, context, now);
    if (rehashed !== undefined) await replaceHash(tx, username, stored, rehashed);
    const expiresAt = now + lifetimes.refresh;
    const started = await startFamily(tx, user, now, lifetimes.refresh);
    const tokenHash = hashToken(started.token);
    const addressHash = context.hashAddress(address);
    const { family } = started;
    await addLogin(tx, { family, username, tokenHash, addressHash, at: now, expiresAt });
    const made = event(now, 'auth.login', username, 'ok');
    await audit.append(tx, { ...made, details: { remote: address, login_id: family } });
    return { user, ...started, expiresAt };
  });
}

/** Removes expired tokens and logins. */
async function removeExpired(tx: Tx, { knownFor }: LoginContext, now: number): Promise<void> {
  await removeExpiredRefreshTokens(tx, now);
  await removeExpiredLogins(tx, now, now - knownFor);
  await removeExpiredTokens(tx, now);
}

async function attemptOf(
  { database, clock, hashAddress, knownFor }: LoginContext,
  username: string,
  { address, device }: LoginOrigin,
): Promise<Attempt> {
  const deviceHash = device === undefined ? undefined : hashToken(device);
  const place = { addressHash: hashAddress(address), deviceHash };
  const since = clock.now() - knownFor;
  const known = await database.read((tx) => knownPlace(tx, username, place, since));
  const proven = known === 'device' ? deviceHash : undefined;
  return { username, place: proven ?? address, known: known !== undefined };
}

/**
 * Exchanges a refresh token for a new pair.
 *
 * @throws RequestError `invalid_token`, the same for every cause
 */
export async function refresh(context: LoginContext, token: string): Promise<Login> {
  const renewal = await context.database.transaction(async (tx) => {
    const now = context.clock.now();
    const result = await renew(tx, token, now);
    if (result.status === 'reused') {
      const { username, family } = result;
      tx.onCommit(() => context.onRevoked({ username, loginId: family }));
      const seen = event(now, 'auth.refresh', result.username, 'refused', 'token used twice');
      await context.audit.append(tx, seen);
    } else if (result.status === 'refused' && result.username !== undefined) {
      const why = 'expired, revoked or changed';
      await context.audit.append(tx, event(now, 'auth.refresh', result.username, 'refused', why));
    }
    return result;
  });
  if (renewal.status !== 'renewed') throw new RequestError('invalid_token', 'log in again');
  return grant(context, renewal);
}

async function grant(
  context: LoginContext,
  opened: { user: UserRecord; family: string; token: string; expiresAt: number },
): Promise<Login> {
  const { user, family, token, expiresAt } = opened;
  const left = expiresAt - context.clock.now();
  const access = await context.tokens.issue(user, Math.min(left, context.lifetimes.access), family);
  return {
    username: user.username,
    roles: user.roles,
    accessToken: access.token,
    refreshToken: token,
    expiresAt: access.expiresAt,
  };
}

/** Wrong passwords for one name that are logged in full within a minute; later ones are only counted. */
const WRONG_IN_FULL = 30;

async function recordWrong(
  tx: Tx,
  { audit, tally }: Pick<LoginContext, 'audit' | 'tally'>,
  wrong: AuditEvent,
): Promise<void> {
  const { actor, action, outcome } = wrong;
  const kind = { actor, action, outcome, code: 'invalid_credentials', full: WRONG_IN_FULL };
  if (tally.first(kind)) await audit.append(tx, wrong);
}

/** Logs the first one in a minute in full and counts the others, so that refusals cannot fill the log. */
async function recordThrottled(
  { database, audit, clock, tally }: LoginContext,
  username: string,
  { address }: LoginOrigin,
): Promise<void> {
  const user = await database.read((tx) => findUser(tx, username));
  const kind = { actor: user?.username ?? '', action: 'auth.login', outcome: 'refused' } as const;
  if (!tally.first({ ...kind, code: 'rate_limited' })) return;
  const made = refusedLogin(clock.now(), user, 'too many failures', address);
  await database.transaction((tx) => audit.append(tx, made));
}

/** Raises an alarm: somebody is guessing this name's password from many places. */
async function recordFlood(context: LoginContext, username: string): Promise<void> {
  context.onGuess('flooded');
  await context.database.transaction(async (tx) => {
    const user = await findUser(tx, username);
    const name = user?.username ?? '';
    const why = 'failed logins from many places';
    await context.audit.append(tx, event(context.clock.now(), 'auth.flood', name, 'refused', why));
  });
}

/** Names the user only if there is one: the text typed as a name may be a password. */
function refusedLogin(
  at: number,
  user: UserRecord | undefined,
  reason: string,
  remote: string,
): AuditEvent {
  const why = user === undefined ? 'unknown user' : reason;
  const made = event(at, 'auth.login', user?.username ?? '', 'refused', why);
  return { ...made, details: { ...made.details, remote } };
}

function event(
  at: number,
  action: string,
  username: string,
  outcome: AuditEvent['outcome'],
  reason?: string,
): AuditEvent {
  const details = reason === undefined ? {} : { reason };
  return { at, actor: username, action, subject: username, outcome, details };
}

function waitText(wait: number): string {
  return `too many failed logins; try again in ${Math.ceil(wait / 1000)} seconds`;
}
