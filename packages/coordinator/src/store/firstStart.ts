/**
 * Requires that a first start is ordered explicitly: an emptied or wrong directory must not become a new
 * server without users.
 */
import { stat } from 'node:fs/promises';
import { ServerError } from '../options.ts';

/**
 * Checks that a database exists, or with `init` that none does.
 *
 * @throws ServerError `server/no-database`, `server/has-database`
 */
export async function checkFirstStart(file: string, init: boolean): Promise<void> {
  const exists = await hasContent(file);
  if (exists && init) {
    throw new ServerError(
      'server/has-database',
      `${file} already exists: start without --init, or give the directory of a new server`,
    );
  }
  if (!exists && !init) {
    throw new ServerError(
      'server/no-database',
      `no database ${file}: is the directory wrong, or its volume not mounted? Restore a backup there, or start a new server with --init`,
    );
  }
}

/** An opening that was cut off before its first write leaves an empty file. */
async function hasContent(file: string): Promise<boolean> {
  try {
    return (await stat(file)).size > 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
