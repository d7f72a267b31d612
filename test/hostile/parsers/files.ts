/** A folder of this run, for the parsers that read files. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'quorate-hostile-'));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

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
