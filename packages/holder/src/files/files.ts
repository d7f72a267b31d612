/**
 * Files of a program's state: 0600 in 0700 directories, replaced atomically and durably.
 */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectories } from '@quorate/intent/directory';
import { HolderError } from '../errors.ts';

/** Mode of every state file. */
export const FILE_MODE = 0o600;

/** Mode of every state directory. */
const DIRECTORY_MODE = 0o700;

/** Makes a directory that only its owner can enter, and narrows an existing one. */
export function makePrivateDirectory(path: string): void {
  makeDirectories(path, DIRECTORY_MODE);
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, DIRECTORY_MODE);
}

/** Flushes a directory, so that a rename in it survives a power cut. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a whole buffer to a descriptor and flushes it. */
export function writeDurably(descriptor: number, content: Uint8Array): void {
  for (let offset = 0; offset < content.length; ) {
    offset += writeSync(descriptor, content, offset);
  }
  fsyncSync(descriptor);
}

/**
 * Replaces a file: temporary file, fsync, rename, fsync of the directory.
 * @throws HolderError `store/failed` when the disk does not take it
 */
export function replaceFile(path: string, content: Uint8Array | string): void {
  storing(path, () => replace(path, content));
}

/** Runs a write of state; a system error becomes `store/failed`, which stops a program. */
export function storing<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new HolderError('store/failed', `${path} cannot be written: ${error.message}`, error);
  }
}

function replace(path: string, content: Uint8Array | string): void {
  const temporary = `${path}.tmp`;
  const descriptor = openSync(temporary, 'w', FILE_MODE);
  try {
    writeDurably(descriptor, typeof content === 'string' ? Buffer.from(content) : content);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** Writes a file that must not exist yet. */
export function createFile(path: string, content: Uint8Array | string): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx', FILE_MODE);
  } catch (error) {
    if (isCode(error, 'EEXIST')) throw new HolderError('store/exists', `${path} exists already`);
    throw error;
  }
  try {
    writeDurably(descriptor, typeof content === 'string' ? Buffer.from(content) : content);
  } finally {
    closeSync(descriptor);
  }
  syncDirectory(dirname(path));
}

/** Reads a file, or undefined when there is none. */
export function readIfPresent(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Removes a file if it is there. */
export function removeIfPresent(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

/** Tells whether a caught value is a system error with this code. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
