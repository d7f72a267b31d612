/// <reference types="node" />
/**
 * Directories that the programs make for what they keep. An entry of its own, since browsers have none.
 *
 * @module
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory and those above it that are missing, each for its owner alone (mode 700) unless `mode` says
 * otherwise. One that exists stays as it is.
 *
 * Node's own recursive call never returns where the file system denies that a parent exists which does, such as /proc.
 *
 * @throws an error of the operating system, such as `EACCES`, `ENOENT`, `ENOTDIR`
 */
export function makeDirectories(path: string, mode = 0o700): void {
  const missing: string[] = [];
  for (let at = resolve(path); !isThere(at); at = dirname(at)) missing.push(at);
  for (const directory of missing.reverse()) makeOne(directory, mode);
  // A file in its place is the one thing that exists and is of no use.
  if (!statSync(path).isDirectory()) {
    throw Object.assign(new Error(`${path} is not a directory`), { code: 'ENOTDIR', path });
  }
}

function isThere(path: string): boolean {
  return dirname(path) === path || statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function makeOne(directory: string, mode: number): void {
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    // Another process made it in between.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
