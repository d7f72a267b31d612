/**
 * Renewing the login of this machine, one process at a time: a refresh token is good once, and a second use
 * of it ends the whole login.
 *
 * @module
 */
import { isHolderError, lockFile } from '@quorate/holder';
import { setTimeout as wait } from 'node:timers/promises';
import { CliError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';
import { type Login, readLogin, writeLogin } from './session.ts';

const RENEW_BEFORE_MS = 30_000;
const TRY_AGAIN_MS = 50;
/** Longer than a request takes to fail. */
const PATIENCE_MS = 60_000;

/** Whether the access token has to be renewed before it is used. */
export const isFading = ({ expires_at }: Login): boolean =>
  expires_at - Date.now() < RENEW_BEFORE_MS;

/** Renews the login that the file holds and keeps it, unless another process did so meanwhile. */
export async function renewKept(
  path: string,
  renew: (login: Login) => Promise<Login>,
): Promise<Login> {
  const lock = await lockOf(path);
  try {
    const kept = readLogin(path);
    if (!isFading(kept)) return kept;
    const { format: _, ...content } = await renew(kept);
    writeLogin(path, content);
    return readLogin(path);
  } finally {
    lock.release();
  }
}

async function lockOf(path: string): Promise<ReturnType<typeof lockFile>> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return lockFile(`${path}.lock`);
    } catch (error) {
      if (!isHolderError(error, 'store/locked')) throw error;
      if (performance.now() >= end) {
        throw new CliError('busy', `another command is renewing the login: ${error.message}`, {
          exit: EXIT.unauthorised,
          cause: error,
        });
      }
      await wait(TRY_AGAIN_MS);
    }
  }
}
