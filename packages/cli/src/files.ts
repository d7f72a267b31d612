/**
 * Files that this program writes: private ones, and durable ones.
 *
 * @module
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { makeDirectories } from '@quorate/intent/directory';
import { describeJsonProblem, parseJson } from '@quorate/wire';
import { systemCode } from '@quorate/wire';
import { readOperatorFile } from '@quorate/wire/files';
import { CliError, messageOf, usageError } from './errors.ts';
import { explain } from './explain.ts';

/** An export of an audit log is the largest file that anybody hands in, and becomes one text; bytes. */
const LARGEST_INPUT = 511 * 1024 * 1024;

/** How a file is written. */
export interface WriteOptions {
  /** 0600 in a directory of 0700 when made new. */
  readonly private: boolean;
  /** Refuse when something is there. */
  readonly fresh?: boolean;
  /** Make the directory when it is not there. */
  readonly makeDirectory?: boolean;
}

/**
 * Refuses a file whose directory is missing, before any work whose result would go there.
 *
 * @throws CliError `usage`
 */
export function checkDirectoryOf(path: string): void {
  const directory = dirname(path);
  try {
    if (statSync(directory).isDirectory()) return;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') {
      throw usageError(`directory ${directory} for ${basename(path)}: ${messageOf(error)}`);
    }
    throw usageError(`there is no directory ${directory} for ${basename(path)}`, 'create it first');
  }
  throw usageError(`${directory} is not a directory; ${basename(path)} cannot be in it`);
}

/**
 * Writes a file whole or not at all: temporary file, fsync, rename, fsync of the directory.
 *
 * @throws CliError `usage` when `fresh` is asked for and the file exists, or the directory does not;
 * `not_written`
 */
export function writeDurably(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions,
): void {
  if (options.fresh === true && existsSync(path)) {
    throw usageError(`${path} already exists`, 'name another file, or move it away yourself');
  }
  const directory = dirname(path);
  if (options.makeDirectory !== true) checkDirectoryOf(path);
  else makeDirectories(directory, options.private ? 0o700 : 0o777);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = openSync(temporary, 'wx', options.private ? 0o600 : 0o644);
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
      let written = 0;
      while (written < bytes.length) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncDirectory(directory);
  } catch (error) {
    rmSync(temporary, { force: true });
    const { exit } = explain(error);
    throw new CliError('not_written', `${path} cannot be written: ${messageOf(error)}`, { exit });
  }
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Reads an input file of text.
 *
 * @throws CliError `usage` when it cannot be read
 */
export function readText(path: string, what: string): string {
  return readBytes(path, what).toString('utf8');
}

function readBytes(path: string, what: string): Buffer {
  try {
    return readOperatorFile(path, { most: LARGEST_INPUT, streams: true });
  } catch (error) {
    throw usageError(`${what} ${path} cannot be read: ${messageOf(error)}`);
  }
}

/**
 * Reads an input file of JSON.
 *
 * @throws CliError `usage` when it cannot be read or is not taken; the message names the line
 */
export function readJson(path: string, what: string): unknown {
  const json = parseJson(readBytes(path, what));
  if (json.ok) return json.value;
  throw usageError(`${what} ${path}: ${describeJsonProblem(json)}`);
}
