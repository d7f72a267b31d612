/** The place of a token's lock: the same for all processes of a user, whatever their environment. */
import { lstatSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { makeDirectories } from '@quorate/intent/directory';
import { SecureElementError } from '../errors.ts';
import { lockFile } from '../virtual/lock.ts';

/**
 * Allows one process per chip, because two would each keep their own list of its records. The user database
 * names the directory, so that neither $HOME nor $TMPDIR leads two processes to two locks.
 *
 * @throws SecureElementError `locked` if the directory cannot be made, or is not this user's alone
 */
function lockPath(name: string): string {
  return join(lockDirectory(), name);
}

/** The locks that one opened token holds. */
export class TokenLocks {
  readonly #held: Map<string, () => void> = new Map();

  /** Takes a lock, unless this token holds it already. @throws SecureElementError `locked` */
  take(name: string): void {
    if (!this.#held.has(name)) this.#held.set(name, lockFile(lockPath(name)));
  }

  release(): void {
    for (const unlock of this.#held.values()) unlock();
    this.#held.clear();
  }
}

function lockDirectory(): string {
  const { uid, home } = account();
  const directory = join(home, '.quorate');
  try {
    makeDirectories(directory);
  } catch (cause) {
    const message = `${directory}, where the locks of tokens are, cannot be made`;
    throw new SecureElementError('locked', message, { cause });
  }
  const stat = lstatSync(directory);
  const isForeign = process.platform !== 'win32' && (stat.uid !== uid || (stat.mode & 0o077) !== 0);
  if (!stat.isDirectory() || isForeign) {
    const message = `${directory} is not a directory of this user alone (mode 700)`;
    throw new SecureElementError('locked', message);
  }
  return directory;
}

function account(): { readonly uid: number; readonly home: string } {
  try {
    const { uid, homedir } = userInfo();
    return { uid, home: homedir };
  } catch (cause) {
    const message =
      'this user has no home directory in the user database, where the locks of tokens are';
    throw new SecureElementError('locked', message, { cause });
  }
}
