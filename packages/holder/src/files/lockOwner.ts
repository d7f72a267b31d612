/**
 * Identifies the holder of a lock by boot, pid namespace and start time, where the system tells them, so that a later
 * process with the same number is not mistaken for it.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { z } from 'zod';
import { isCode } from './files.ts';

/** A process, as a lock file names it; null where the system does not say. */
export interface Owner {
  readonly pid: number;
  /** Changes with every start of the machine. */
  readonly boot: string | null;
  /** Stands for the container: process numbers mean something only within one. */
  readonly namespace: string | null;
  /** In clock ticks since the boot. */
  readonly started: string | null;
  readonly host: string | null;
}

/** Whether the process of a lock is there; unknown when it cannot be seen from here. */
export type Standing = 'running' | 'gone' | 'unknown';

const pid = z.int().positive();
const text = z.string().nullable();
const ownerSchema = z.object({ pid, boot: text, namespace: text, started: text, host: text });

/** Reads a lock file, also a former one that holds a number alone; undefined for anything else. */
export function parseOwner(content: string): Owner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return undefined;
  }
  const number = pid.safeParse(value);
  if (number.success) {
    return { pid: number.data, boot: null, namespace: null, started: null, host: null };
  }
  const owner = ownerSchema.safeParse(value);
  return owner.success ? owner.data : undefined;
}

/** This process. */
export function self(): Omit<Owner, 'host'> {
  return {
    pid: process.pid,
    boot: read('/proc/sys/kernel/random/boot_id'),
    namespace: namespaceOf(),
    started: startOf(process.pid),
  };
}

/** The knowledge on this host about the process that made a lock. */
export function standing(owner: Owner, host: string): Standing {
  const here = self();
  if (owner.boot !== null && owner.boot !== here.boot) {
    // This machine was started again since, or it is another one with the same directory.
    return owner.host === host ? 'gone' : 'unknown';
  }
  if (owner.namespace !== null && owner.namespace !== here.namespace) return 'unknown';
  if (!isRunning(owner.pid)) return 'gone';
  const started = startOf(owner.pid);
  // A former lock with our own number cannot be ours: this process has not made it.
  if (owner.started === null) return owner.pid === process.pid ? 'gone' : 'running';
  return started === null || started === owner.started ? 'running' : 'gone';
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

/** The 22nd field of `stat`; the second one is a name in parentheses that may hold anything. */
function startOf(id: number): string | null {
  const stat = read(`/proc/${id}/stat`);
  if (stat === null) return null;
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function namespaceOf(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
