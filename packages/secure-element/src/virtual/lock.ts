/** Allows one process per chip file: two chips over one file would each count PIN tries alone. */
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { SecureElementError } from '../errors.ts';

/**
 * Takes `<file>.lock`; takes over one whose process no longer runs.
 *
 * @returns the function that releases it
 *
 * @throws SecureElementError `locked`
 */
export function lockFile(file: string): () => void {
  const lock = `${file}.lock`;
  const own = `${lock}.${randomBytes(6).toString('hex')}`;
  const owner = identify(process.pid);
  writeFileSync(own, owner, { mode: 0o600, flag: 'wx' });
  try {
    if (!tryLink(own, lock)) {
      removeStale(lock);
      if (!tryLink(own, lock)) throw held(lock);
    }
  } finally {
    unlinkSync(own);
  }
  return () => {
    if (read(lock) === owner) rmSync(lock, { force: true });
  };
}

function tryLink(own: string, lock: string): boolean {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw new SecureElementError('locked', `cannot lock ${lock}`, { cause: error });
  }
}

/** Moves a dead process's lock aside, and checks the move, because another process may have been faster. */
function removeStale(lock: string): void {
  const owner = read(lock);
  if (owner !== null && isRunning(owner)) throw held(lock);
  const aside = `${lock}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  const moved = read(aside);
  if (moved !== owner && moved !== null && isRunning(moved)) tryLink(aside, lock);
  unlinkSync(aside);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** A process id with its start time, if the system reveals it: process ids are reused after a restart. */
function identify(pid: number): string {
  return `${pid} ${startTime(pid)}\n`;
}

function startTime(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const boot = read('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return `${fields[19] ?? ''}@${boot}`;
}

function isRunning(owner: string): boolean {
  const pid = Number.parseInt(owner, 10);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  return identify(pid) === owner;
}

function held(lock: string): SecureElementError {
  return new SecureElementError('locked', `another process uses this chip (${lock})`);
}
