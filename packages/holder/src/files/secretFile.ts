/** Files that hold a secret, which nobody but their owner may read. */
import type { Stats } from 'node:fs';
import { secretInFile } from '@quorate/wire';
import { HolderError } from '../errors.ts';
import { isCode } from './files.ts';
import { readOperatorFile, UnreadableFile } from '@quorate/wire/files';

/** More than any PIN, token or key in PEM has, bytes. */
const LARGEST = 64 * 1024;

/**
 * Reads a file that holds a secret; the caller wipes it.
 * @throws HolderError `store/mode` when somebody else could read it, `store/not-found` when it is missing,
 * `config/invalid` when it is no regular file or too large
 */
export function readSecretFile(path: string): Buffer {
  try {
    return readOperatorFile(path, { most: LARGEST, check: (stats) => checkMode(path, stats) });
  } catch (error) {
    if (isCode(error, 'ENOENT')) throw new HolderError('store/not-found', `${path} is missing`);
    if (!(error instanceof UnreadableFile)) throw error;
    throw new HolderError('config/invalid', `${path} ${error.message}`, error);
  }
}

function checkMode(path: string, stats: Stats): void {
  const mode = stats.mode & 0o777;
  if ((mode & 0o077) === 0) return;
  throw new HolderError(
    'store/mode',
    `${path} has mode ${mode.toString(8).padStart(3, '0')}; expected 600 (chmod 600 ${path})`,
  );
}

/**
 * Reads the secret of a file without the marks and line ends that editors add; the caller wipes it.
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
