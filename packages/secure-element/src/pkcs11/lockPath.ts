/** Where the lock of a token is: one place for all processes of a user, whatever their environment says. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { framed } from '@quorate/intent';
import { SecureElementError } from '../errors.ts';

/**
 * One process per token: two would each keep their own list of its records. The user database names the directory, so
 * neither $HOME nor $TMPDIR leads two processes to two locks.
 *
 * @throws SecureElementError `locked` when the directory cannot be made, or is not this user's alone
 */
export function lockPath(token: {
  readonly manufacturer: string;
  readonly serial: string;
}): string {
  const fields = [token.manufacturer, token.serial].map((text) => Buffer.from(text, 'utf8'));
  const name = createHash('sha256').update(framed('token', ...fields));
  return join(lockDirectory(), `token-${name.digest('hex').slice(0, 32)}`);
}

function lockDirectory(): string {
  const { uid, home } = account();
  const directory = join(home, '.quorate');
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
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
