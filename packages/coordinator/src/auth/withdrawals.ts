/** Revokes logins and tokens early, and only those of the named user. */
import type { Identity, Revoked } from './identity.ts';
import type { Tx } from '../store/database.ts';
import { findIssued, noteWithdrawn } from './issuedTokens.ts';
import type { LoginContext } from './login.ts';
import { findLogin, type LoginEnd } from './logins.ts';
import { familyOf, revokeFamily } from './refresh.ts';
import { RequestError } from '../requestError.ts';
import { revoke } from './tokens.ts';

/**
 * Revokes the login of an access token and the login of a refresh token of the same user, and voids the access
 * token.
 */
export async function logout(
  context: LoginContext,
  given: { readonly refreshToken: string | undefined; readonly access: Identity },
): Promise<void> {
  const { database, audit, clock } = context;
  const { tokenId, username, expiresAt, loginId } = given.access;
  await database.transaction(async (tx) => {
    await revoke(tx, tokenId, expiresAt);
    voided(tx, context, { username, tokenId });
    const named =
      given.refreshToken === undefined ? undefined : await familyOf(tx, given.refreshToken);
    for (const family of new Set([loginId, named?.family])) {
      if (family !== undefined) await endOwn(tx, context, { username, family }, 'logout');
    }
    await audit.append(tx, {
      at: clock.now(),
      actor: username,
      action: 'auth.logout',
      subject: username,
      outcome: 'ok',
      details: loginId === undefined ? { token_id: tokenId } : { login_id: loginId },
    });
  });
}

/**
 * Revokes a user's login: its tokens become void and its connections close.
 *
 * @throws RequestError `unknown_login` when it is not that user's
 */
export async function endLogin(
  context: LoginContext,
  request: { readonly username: string; readonly loginId: string; readonly actor: string },
): Promise<void> {
  const { database, audit, clock } = context;
  const { username, loginId, actor } = request;
  await database.transaction(async (tx) => {
    if (!(await endOwn(tx, context, { username, family: loginId }, 'withdrawn'))) {
      throw new RequestError('unknown_login', 'this user has no such login');
    }
    await audit.append(tx, {
      at: clock.now(),
      actor,
      action: 'user.login_end',
      subject: username,
      outcome: 'ok',
      details: { login_id: loginId },
    });
  });
}

/**
 * Voids a token that an administrator made for a user, and closes its connections.
 *
 * @throws RequestError `unknown_token` when it is not that user's
 */
export async function revokeToken(
  context: LoginContext,
  request: { readonly username: string; readonly tokenId: string; readonly actor: string },
): Promise<void> {
  const { database, audit, clock } = context;
  const { username, tokenId, actor } = request;
  await database.transaction(async (tx) => {
    const issued = await findIssued(tx, username, tokenId);
    if (issued === undefined)
      throw new RequestError('unknown_token', 'this user has no such token');
    const at = clock.now();
    await revoke(tx, tokenId, issued.expiresAt);
    await noteWithdrawn(tx, tokenId, at);
    voided(tx, context, { username, tokenId });
    await audit.append(tx, {
      at,
      actor,
      action: 'user.token_revoke',
      subject: username,
      outcome: 'ok',
      details: { token_id: tokenId },
    });
  });
}

async function endOwn(
  tx: Tx,
  context: LoginContext,
  { username, family }: { readonly username: string; readonly family: string },
  end: Exclude<LoginEnd, 'reused'>,
): Promise<boolean> {
  const login = await findLogin(tx, family);
  if (login?.username !== username) return false;
  await revokeFamily(tx, { family, expiresAt: login.expiresAt }, end);
  voided(tx, context, { username, loginId: family });
  return true;
}

/** Reports a revocation once it is durable, so that connections are closed. */
function voided(tx: Tx, { onRevoked }: LoginContext, revoked: Revoked): void {
  tx.onCommit(() => onRevoked(revoked));
}
