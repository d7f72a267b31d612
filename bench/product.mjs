// The built product that a benchmark measures: this checkout, or the one that QUORATE_BENCH_ROOT names.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The checkout that these benchmarks belong to. */
export const HERE = dirname(dirname(fileURLToPath(import.meta.url)));

/** The checkout that is measured. */
export const ROOT = resolve(process.env.QUORATE_BENCH_ROOT ?? HERE);

/**
 * Imports a built package of the measured checkout, or one of its entries: `tss/dkls23`. An older checkout has
 * no such entry; there the package's own holds everything, or another package does, `before`.
 */
export function load(name, before = name) {
  const [pack, entry = ''] = name.split('/');
  const dist = join(ROOT, 'packages', pack, 'dist');
  const files = [join(dist, entry), dist, join(ROOT, 'packages', before, 'dist')];
  const file = files.map((folder) => join(folder, 'index.js')).find(existsSync);
  if (file === undefined) throw new Error(`${ROOT} is not built: npm run build there first`);
  return import(pathToFileURL(file).href);
}
