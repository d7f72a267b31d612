import { Role, type UserAnswer } from '@quorate/wire';
import type { Tx } from '../store/database.ts';
import { RequestError } from '../requestError.ts';

/** A user, without secrets. */
export interface User {
  readonly username: string;
  readonly roles: readonly Role[];
  readonly state: UserAnswer['state'];
}

/** The register of users. */
export interface Users {
  find(tx: Tx, username: string): Promise<User | undefined>;
}

/** A user as the store holds it, without the password. */
export interface UserRecord extends User {
  /** Grows when roles, state or password change; tokens of older generations are void. */
  readonly generation: number;
  readonly hasPassword: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
}

/** Changes to a user. */
export interface UserChange {
  readonly roles?: readonly Role[] | undefined;
  readonly state?: User['state'] | undefined;
  /** A stored hash, never a password. */
  readonly passwordHash?: string | undefined;
}

interface UserRow {
  username: string;
  password: string;
  roles: string;
  state: User['state'];
  generation: number;
  created_at: number;
  updated_at: number;
}

/** Stored instead of a hash for users who never log in by password. */
const NO_PASSWORD = '';

/** Finds a user by exact name. */
export async function findUser(tx: Tx, username: string): Promise<UserRecord | undefined> {
  const row = await userRow(tx, username);
  return row === undefined ? undefined : recordOf(row);
}

/** The stored password hash of a user who has one. */
export async function findPassword(tx: Tx, username: string): Promise<string | undefined> {
  const row = await userRow(tx, username);
  return row === undefined || row.password === NO_PASSWORD ? undefined : row.password;
}

/** Users by name, from after a name on. */
export async function listUsers(tx: Tx, after: string, limit: number): Promise<UserRecord[]> {
  const rows = await tx.all<UserRow>(
    'SELECT * FROM users WHERE username > ? ORDER BY username LIMIT ?',
    [after, limit],
  );
  return rows.map(recordOf);
}

/**
 * Adds a user; without a password it can only hold tokens that an administrator made.
 *
 * @throws RequestError `user_exists`
 */
export async function addUser(
  tx: Tx,
  user: { username: string; roles: readonly Role[]; passwordHash: string | undefined; at: number },
): Promise<UserRecord> {
  if ((await userRow(tx, user.username)) !== undefined) {
    throw new RequestError('user_exists', 'a user with this name already exists');
  }
  await tx.run(
    `INSERT INTO users (username, password, roles, state, generation, created_at, updated_at)
     VALUES (?, ?, ?, 'active', 1, ?, ?)`,
    [user.username, user.passwordHash ?? NO_PASSWORD, writeRoles(user.roles), user.at, user.at],
  );
  return requireUser(tx, user.username);
}

/**
 * Changes a user and voids the earlier tokens.
 *
 * @throws RequestError `unknown_user`, or `last_admin` when no administrator would be left
 */
export async function changeUser(
  tx: Tx,
  username: string,
  change: UserChange,
  at: number,
): Promise<UserRecord> {
  const before = await requireUser(tx, username);
  const roles = change.roles ?? before.roles;
  const state = change.state ?? before.state;
  const stays = state === 'active' && roles.includes('admin');
  if (!stays && isAdmin(before) && !(await hasOtherAdmin(tx, username))) {
    throw new RequestError('last_admin', 'the last active administrator must remain one');
  }
  const password = change.passwordHash ?? (await findPassword(tx, username)) ?? NO_PASSWORD;
  await tx.run(
    `UPDATE users SET roles = ?, state = ?, password = ?, generation = generation + 1, updated_at = ?
     WHERE username = ?`,
    [writeRoles(roles), state, password, at, username],
  );
  return requireUser(tx, username);
}

/** Replaces a hash by one of the same password at another cost; tokens stay valid. */
export async function replaceHash(
  tx: Tx,
  username: string,
  before: string,
  after: string,
): Promise<void> {
  await tx.run('UPDATE users SET password = ? WHERE username = ? AND password = ?', [
    after,
    username,
    before,
  ]);
}

/** Whether any user was ever added. */
export async function hasUsers(tx: Tx): Promise<boolean> {
  return (await tx.get('SELECT username FROM users LIMIT 1', [])) !== undefined;
}

/** Whether there is another active administrator. */
export async function hasOtherAdmin(tx: Tx, username: string): Promise<boolean> {
  const rows = await tx.all<UserRow>("SELECT * FROM users WHERE state = 'active'", []);
  return rows.map(recordOf).some((user) => user.username !== username && isAdmin(user));
}

function isAdmin(user: User): boolean {
  return user.state === 'active' && user.roles.includes('admin');
}

async function requireUser(tx: Tx, username: string): Promise<UserRecord> {
  const user = await findUser(tx, username);
  if (user === undefined) throw new RequestError('unknown_user', 'no user with this name');
  return user;
}

function userRow(tx: Tx, username: string): Promise<UserRow | undefined> {
  return tx.get<UserRow>('SELECT * FROM users WHERE username = ?', [username]);
}

function recordOf(row: UserRow): UserRecord {
  return {
    username: row.username,
    roles: readRoles(row.roles),
    state: row.state,
    generation: row.generation,
    hasPassword: row.password !== NO_PASSWORD,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function writeRoles(roles: readonly Role[]): string {
  return Role.options.filter((role) => roles.includes(role)).join(',');
}

function readRoles(text: string): Role[] {
  const names = text.split(',');
  return Role.options.filter((role) => names.includes(role));
}
