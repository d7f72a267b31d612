import type { AuditEvent, AuditLog, Clock, Role } from '../services.ts';
import type { Database, Tx } from '../store/database.ts';
import { hashPassword, isOutdated, type PasswordCost, verifyPassword } from './password.ts';
import { familyOf, renew, revokeFamily, startFamily } from './refresh.ts';
import { Refusal } from './refusal.ts';
import type { Throttle } from './throttle.ts';
import { forgetExpired, revoke, type TokenService } from './tokens.ts';
import { findPassword, findUser, replaceHash, type UserRecord } from './users.ts';

/** What a login gives. */
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
  /** From a login to the next, however often its tokens are refreshed. */
  readonly refresh: number;
}

/** What the login functions share. */
export interface LoginContext {
  readonly database: Database;
  readonly tokens: TokenService;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly throttle: Throttle;
  readonly cost: PasswordCost;
  readonly lifetimes: Lifetimes;
  /** Told in the transaction that changes the roles or the state of a user. */
  readonly onChanged: (tx: Tx, username: string, at: number) => Promise<void>;
  /** The hash of a password that nobody has, compared when there is no other. */
  readonly decoy: string;
}

/**
 * Logs a user in by password.
 *
 * Security: an unknown name, a wrong password, a disabled user and one without a password get the
 * same answer after the same work; only the audit log tells them apart (J-7).
 *
 * @throws Refusal `invalid_credentials` or `rate_limited`
 */
export async function login(
  context: LoginContext,
  username: string,
  password: string,
): Promise<Login> {
  const { database, clock, throttle, cost } = context;
  if (throttle.waitOf(username) > 0) {
    await recordThrottled(context, username);
    throw new Refusal('rate_limited', 'too many failed logins; wait and try again');
  }
  // Counted before the slow comparison, so that parallel guesses are counted as well.
  throttle.failed(username);
  const stored = await database.read((tx) => findPassword(tx, username));
  const matches = await verifyPassword(password, stored ?? context.decoy);
  const rehashed =
    matches && stored !== undefined && isOutdated(stored, cost)
      ? await hashPassword(password, cost)
      : undefined;
  const opened = await database.transaction(async (tx) => {
    const now = clock.now();
    const user = await findUser(tx, username);
    const same = stored !== undefined && (await findPassword(tx, username)) === stored;
    if (!matches || !same || user?.state !== 'active') {
      const why = matches && same ? 'disabled' : 'wrong password';
      await context.audit.append(tx, refusedLogin(now, user, why));
      return undefined;
    }
    await forgetExpired(tx, now);
    if (rehashed !== undefined) await replaceHash(tx, username, stored, rehashed);
    const family = await startFamily(tx, user, now, context.lifetimes.refresh);
    await context.audit.append(tx, event(now, 'auth.login', username, 'ok'));
    return { user, ...family, expiresAt: now + context.lifetimes.refresh };
  });
  if (opened === undefined) {
    throw new Refusal('invalid_credentials', 'username or password is wrong');
  }
  throttle.succeeded(username);
  return grant(context, opened);
}

/**
 * Exchanges a refresh token for a new pair.
 *
 * @throws Refusal `invalid_token`, the same for every cause
 */
export async function refresh(context: LoginContext, token: string): Promise<Login> {
  const renewal = await context.database.transaction(async (tx) => {
    const now = context.clock.now();
    const result = await renew(tx, token, now);
    if (result.status === 'reused') {
      const seen = event(now, 'auth.refresh', result.username, 'refused', 'token used twice');
      await context.audit.append(tx, seen);
    } else if (result.status === 'refused' && result.username !== undefined) {
      const why = 'expired, revoked or changed';
      await context.audit.append(tx, event(now, 'auth.refresh', result.username, 'refused', why));
    }
    return result;
  });
  if (renewal.status !== 'renewed') throw new Refusal('invalid_token', 'log in again');
  return grant(context, renewal);
}

/** Ends the login of a refresh token, and voids one access token. Unknown tokens change nothing. */
export async function logout(
  context: LoginContext,
  given: {
    refreshToken: string | undefined;
    access: { tokenId: string; username: string; expiresAt: number };
  },
): Promise<void> {
  await context.database.transaction(async (tx) => {
    const { tokenId, username, expiresAt } = given.access;
    await revoke(tx, tokenId, expiresAt);
    const family =
      given.refreshToken === undefined ? undefined : await familyOf(tx, given.refreshToken);
    if (family?.username === username) await revokeFamily(tx, family.family, family.expiresAt);
    await context.audit.append(tx, event(context.clock.now(), 'auth.logout', username, 'ok'));
  });
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

async function recordThrottled(context: LoginContext, username: string): Promise<void> {
  await context.database.transaction(async (tx) => {
    const user = await findUser(tx, username);
    const made = refusedLogin(context.clock.now(), user, 'too many failures');
    await context.audit.append(tx, made);
  });
}

/** Names the user only if there is one: what was typed as a name may be somebody's password. */
function refusedLogin(at: number, user: UserRecord | undefined, reason: string): AuditEvent {
  const why = user === undefined ? 'unknown user' : reason;
  return event(at, 'auth.login', user?.username ?? '', 'refused', why);
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
