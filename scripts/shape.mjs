/**
 * The shape of the sources, as figures: files, lines, long files and functions, imports between packages.
 *
 *     node scripts/shape.mjs [DIR]     another checkout to measure; this one unless given
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';

const here = join(import.meta.dirname, '..');
const root = resolve(process.argv[2] ?? here);

const sources = readdirSync(join(root, 'packages')).map((name) => {
  const folder = join(root, 'packages', name, 'src');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => ({ file: join(folder, file), text: readFileSync(join(folder, file), 'utf8') }));
  return { name, files };
});

const linesOf = (text) => text.split('\n').length - 1;

console.log('package           files   lines  imports from');
for (const { name, files } of sources) {
  const lines = files.reduce((sum, { text }) => sum + linesOf(text), 0);
  const from = new Map();
  for (const { text } of files) {
    for (const [, other] of text.matchAll(/from '@quorate\/([a-z-]+)[^']*'/g)) {
      from.set(other, (from.get(other) ?? 0) + 1);
    }
  }
  const arrows = [...from]
    .map(([other, count]) => `${other} ${count}`)
    .toSorted((a, b) => (a < b ? -1 : 1));
  const figures = `${String(files.length).padStart(5)} ${String(lines).padStart(7)}`;
  console.log(`${name.padEnd(17)} ${figures}  ${arrows.join(', ')}`);
}

const long = sources
  .flatMap(({ files }) => files)
  .filter(({ text }) => linesOf(text) > 300)
  .map(({ file, text }) => `${relative(root, file)} ${linesOf(text)}`);
console.log(`\nfiles over 300 lines: ${long.length}`);
for (const line of long) console.log(`  ${line}`);

const scratch = mkdtempSync(join(tmpdir(), 'quorate-shape-'));
try {
  const config = join(scratch, 'oxlint.json');
  const rules = { 'max-lines-per-function': ['error', { max: 60 }] };
  writeFileSync(config, JSON.stringify({ categories: { correctness: 'off' }, rules }));
  const args = ['--config', config, '--format', 'unix', join(root, 'packages')];
  const ignored = ['**/dist/**', '**/test/**', '**/bench/**'].flatMap((path) => [
    '--ignore-pattern',
    path,
  ]);
  const lint = join(here, 'node_modules', '.bin', 'oxlint');
  const { stdout } = spawnSync(lint, [...args, ...ignored], { encoding: 'utf8' });
  const functions = stdout.split('\n').filter((line) => line.includes('max-lines-per-function'));
  console.log(`\nfunctions over 60 lines: ${functions.length}`);
  for (const line of functions) console.log(`  ${relative(root, line.replace(/ \[.*$/, ''))}`);
} finally {
  rmSync(scratch, { recursive: true });
}
