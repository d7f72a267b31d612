/**
 * Allows one process per state directory. Two programs on one state would each believe that only they count releases,
 * bans and locks.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, linkSync, openSync, renameSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { HolderError } from '../errors.ts';
import { FILE_MODE, isCode, readIfPresent, removeIfPresent, writeDurably } from './files.ts';
import { type Owner, parseOwner, self, standing } from './lockOwner.ts';

/** A held lock. */
export interface Lock {
  release(): void;
}

/** Directories locked by this process: a pid alone cannot tell two programs in one process apart. */
const held = new Set<string>();

/** Takes the lock of a state directory. @throws HolderError `store/locked` */
export function lockDirectory(directory: string): Lock {
  return lockFile(join(directory, 'lock'));
}

/**
 * Takes a lock by its file, and takes over a lock whose process is known to be gone. A lock of another container or host
 * says nothing about its process and stays for a person to remove.
 * @throws HolderError `store/locked`
 */
export function lockFile(path: string): Lock {
  const own = `${JSON.stringify({ ...self(), host: hostname(), nonce: nonce() })}\n`;
  if (held.has(path)) throw locked(path, parseOwner(own));
  if (!createLock(path, own)) takeOver(path, own);
  held.add(path);
  return {
    release: () => {
      if (!held.delete(path)) return;
      if (readIfPresent(path)?.toString('utf8') === own) removeIfPresent(path);
    },
  };
}

/**
 * Replaces a lock that nobody holds. Only the holder of the claim may do that: a lock that changed before the claim
 * belongs to somebody else by now.
 */
function takeOver(path: string, own: string): void {
  const claim = `${path}.claim`;
  if (!createLock(claim, own)) {
    const message = `another process is taking over ${path}; if none is, remove ${claim}`;
    throw new HolderError('store/locked', message);
  }
  try {
    const text = readIfPresent(path)?.toString('utf8');
    const owner = text === undefined ? undefined : parseOwner(text);
    if (text !== undefined && (owner === undefined || standing(owner, hostname()) !== 'gone')) {
      throw locked(path, owner);
    }
    if (text === undefined) {
      if (!createLock(path, own)) throw locked(path, undefined);
      return;
    }
    const temporary = writeTemporary(path, own);
    renameSync(temporary, path);
  } finally {
    removeIfPresent(claim);
  }
}

/** Makes the file with its whole content or not at all; false when it is there already. */
function createLock(path: string, content: string): boolean {
  const temporary = writeTemporary(path, content);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    removeIfPresent(temporary);
  }
}

function writeTemporary(path: string, content: string): string {
  const temporary = `${path}.${nonce()}.tmp`;
  const descriptor = openSync(temporary, 'wx', FILE_MODE);
  try {
    writeDurably(descriptor, Buffer.from(content));
  } finally {
    closeSync(descriptor);
  }
  return temporary;
}

function nonce(): string {
  return randomBytes(8).toString('hex');
}

function locked(path: string, owner: Owner | undefined): HolderError {
  if (!owner) return new HolderError('store/locked', `${path} is held by an unknown process`);
  const elsewhere = standing(owner, hostname()) === 'unknown';
  const where = elsewhere
    ? ` of another container or host (${owner.host ?? 'unknown'}); if that one is gone for good, remove the file`
    : '';
  return new HolderError('store/locked', `${path} is held by process ${owner.pid}${where}`);
}
