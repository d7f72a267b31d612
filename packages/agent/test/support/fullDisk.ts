// A disk that takes nothing more of a file that is open, until it is given free.
import fs from 'node:fs';
import { vi } from 'vitest';
import { publishBuiltinSpies } from '../../../../test/support/builtinSpies.ts';

const full = new Set<string>();

/** Whether a write of these bytes at this place needs room that there is not; in place it needs none. */
function isRefused(descriptor: number, length: number, at: number): boolean {
  if (full.size === 0 || !full.has(fs.readlinkSync(`/proc/self/fd/${descriptor}`))) return false;
  return at + length > fs.fstatSync(descriptor).size;
}

/** The arguments of a positioned write: descriptor, bytes, offset, length, position. */
const refused = (args: readonly unknown[]): boolean =>
  isRefused(Number(args[0]), Number(args[3]), Number(args[4]));

function noSpace(): Error {
  const error = new Error('ENOSPC: no space left on device, write');
  return Object.assign(error, { code: 'ENOSPC', syscall: 'write' });
}

/** Lets `fillUp` reach everybody in this file who writes. */
export function useFullDisk(): void {
  const { write, writeSync } = fs;
  vi.spyOn(fs, 'writeSync').mockImplementation((...args: unknown[]) => {
    if (refused(args)) throw noSpace();
    return Reflect.apply(writeSync, fs, args);
  });
  vi.spyOn(fs, 'write').mockImplementation((...args: unknown[]) => {
    if (!refused(args)) return Reflect.apply(write, fs, args);
    const done = args.at(-1);
    if (typeof done === 'function') setImmediate(() => done(noSpace(), 0));
  });
  publishBuiltinSpies();
}

/** From now on nothing more can be written to this file; returns the way to give it free. */
export function fillUp(path: string): () => void {
  full.add(path);
  return () => void full.delete(path);
}
