/** Published test vectors that are kept beside the repository, not in it. */
import { existsSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../../../shared/vectors/', import.meta.url);

/** The content of a vector file; undefined, with one printed line, where the folder is absent (never in CI). */
export function publicVectors<T>(name: string): T | undefined {
  const file = new URL(name, FOLDER);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as T;
  if (process.env.CI === 'true') throw new Error(`test vectors are missing: ${file.pathname}`);
  process.stdout.write(`skipped: no test vectors at ${file.pathname}\n`);
  return undefined;
}
