// Tests stand where their sources stand, and those that share a process replace no module of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const packages = readdirSync(join(ROOT, 'packages'));

/** Tests of what has its sources elsewhere in the repository. */
const ELSEWHERE = new Set(['applet']);

/** The files of TypeScript below a folder, relative to it. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

test.each(packages)('every folder of tests of %s is one of its sources', (name) => {
  const tests = filesBelow(join(ROOT, 'packages', name, 'test'));
  const folders = new Set(tests.filter((path) => path.endsWith('.test.ts')).map(dirname));
  const strangers = [...folders].filter(
    (folder) => !ELSEWHERE.has(folder) && !existsSync(join(ROOT, 'packages', name, 'src', folder)),
  );
  expect(strangers).toEqual([]);
});

test.each(packages.filter((name) => name !== 'tss'))('no test of %s replaces a module', (name) => {
  const folder = join(ROOT, 'packages', name, 'test');
  const replacing = filesBelow(folder).filter((path) =>
    /\bvi\.(do)?[mM]ock\(/.test(readFileSync(join(folder, path), 'utf8')),
  );
  expect(replacing).toEqual([]);
});
