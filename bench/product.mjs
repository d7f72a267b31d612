// The built product that a benchmark measures: this checkout, or the one that QUORATE_BENCH_ROOT names.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The checkout that these benchmarks belong to. */
export const HERE = dirname(dirname(fileURLToPath(import.meta.url)));

/** The checkout that is measured. */
export const ROOT = resolve(process.env.QUORATE_BENCH_ROOT ?? HERE);

/** Imports a built package of the measured checkout. */
export function load(name) {
  const file = join(ROOT, 'packages', name, 'dist', 'index.js');
  if (!existsSync(file)) throw new Error(`${ROOT} is not built: npm run build there first`);
  return import(pathToFileURL(file).href);
}
