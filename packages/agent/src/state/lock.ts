/**
 * One process per state directory. Two agents on one state would each believe that they count
 * releases and bans alone.
 */
import { closeSync, openSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../errors.ts';
import { FILE_MODE, isCode, writeDurably } from './files.ts';

/** A held lock. */
export interface Lock {
  release(): void;
}

/** Directories locked by this process: a pid alone cannot tell two agents of one process apart. */
const held = new Set<string>();

/**
 * Takes the lock of a state directory; a lock left by a process that no longer runs is taken over.
 * @throws AgentError `store/locked`
 */
export function lockDirectory(directory: string): Lock {
  const path = join(directory, 'lock');
  if (held.has(path)) throw locked(path, process.pid);
  if (!createLock(path)) {
    const owner = ownerOf(path);
    if (owner !== undefined && owner !== process.pid && isRunning(owner)) throw locked(path, owner);
    unlinkSync(path);
    if (!createLock(path)) throw locked(path, ownerOf(path) ?? 0);
  }
  held.add(path);
  return {
    release: () => {
      if (held.delete(path)) unlinkSync(path);
    },
  };
}

function createLock(path: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx', FILE_MODE);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
  try {
    writeDurably(descriptor, Buffer.from(`${process.pid}\n`));
  } finally {
    closeSync(descriptor);
  }
  return true;
}

function ownerOf(path: string): number | undefined {
  const owner = Number.parseInt(readFileSync(path, 'utf8'), 10);
  return Number.isSafeInteger(owner) && owner > 0 ? owner : undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

function locked(path: string, owner: number): AgentError {
  return new AgentError('store/locked', `${path} is held by process ${owner}`);
}
