/// <reference types="node" />
/**
 * Directories of the programs. A separate entry, because browsers have none.
 *
 * @module
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory and its missing parents, each for its owner alone (mode 700) unless `mode` says otherwise.
 * Existing ones stay as they are.
 *
 * Node's own recursive call never returns if the file system denies an existing parent, such as /proc.
 *
 * @throws an error of the operating system, such as `EACCES`, `ENOENT`, `ENOTDIR`
 */
export function makeDirectories(path: string, mode = 0o700): void {
  const missing: string[] = [];
  for (let at = resolve(path); !isThere(at); at = dirname(at)) missing.push(at);
  for (const directory of missing.reverse()) makeOne(directory, mode);
  // A file of that name exists and cannot serve.
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
    // Another process made it meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
