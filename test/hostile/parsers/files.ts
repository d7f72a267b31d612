/** A folder of this run, for the parsers that read files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../support/temporaryDirectory.ts';

const directory = temporaryDirectory();

/** Where a file of that name would be. */
export const at = (...names: string[]): string => join(directory, ...names);

/** Writes a private file and gives its path. */
export function fileOf(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content, { mode: 0o600 });
  return at(name);
}

/** Makes a private folder and gives its path. */
export function folderOf(...names: string[]): string {
  mkdirSync(at(...names), { recursive: true, mode: 0o700 });
  return at(...names);
}
