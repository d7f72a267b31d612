/** Files that hold a secret, which nobody but their owner may read. */
import { readFileSync, statSync } from 'node:fs';
import { secretInFile } from '@quorate/wire';
import { HolderError } from '../errors.ts';
import { isCode } from './files.ts';

/**
 * Reads a file that holds a secret.
 * @throws HolderError `store/mode` when somebody else could read it, `store/not-found` when it is missing.
 */
export function readSecretFile(path: string): Buffer {
  let mode: number;
  try {
    mode = statSync(path).mode & 0o777;
  } catch (error) {
    if (isCode(error, 'ENOENT')) throw new HolderError('store/not-found', `${path} is missing`);
    throw error;
  }
  if ((mode & 0o077) !== 0) {
    throw new HolderError(
      'store/mode',
      `${path} has mode ${mode.toString(8).padStart(3, '0')}; expected 600 (chmod 600 ${path})`,
    );
  }
  return readFileSync(path);
}

/**
 * The secret of a file, without what editors put around it; the caller wipes it.
 * @throws HolderError `config/invalid` for a file that holds none, and those of {@link readSecretFile}
 */
export function readSecretBytes(path: string): Uint8Array {
  const content = readSecretFile(path);
  try {
    const read = secretInFile(content);
    if (!read.ok) throw new HolderError('config/invalid', `${path} ${read.problem}`);
    return read.secret;
  } finally {
    content.fill(0);
  }
}
