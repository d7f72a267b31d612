// README and architecture say the same in both languages, from docs/scope.json and the manifests of the packages.
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { run } from './support/processes.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = [
  'README.md',
  'README.zh-CN.md',
  'docs/architecture.md',
  'docs/architecture.zh-CN.md',
];

interface Rows {
  readonly protocols: readonly { readonly code: readonly string[] }[];
  readonly layers: readonly { readonly code: readonly string[] }[];
}

/** A folder with the pages, their source and the manifests, to be changed. */
function copyOfPages(): string {
  const folder = temporaryDirectory();
  const manifests = readdirSync(join(ROOT, 'packages')).map(
    (name) => `packages/${name}/package.json`,
  );
  for (const path of [...PAGES, 'docs/scope.json', ...manifests]) {
    cpSync(join(ROOT, path), join(folder, path));
  }
  return folder;
}

const scope = (...args: string[]) =>
  run(process.execPath, [join(ROOT, 'scripts', 'scope.mjs'), ...args]);

function change(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

test('README and architecture are as docs/scope.json and the manifests have it', async () => {
  expect(await scope('--check')).toMatchObject({ code: 0, stdout: '' });
});

test('every row of a protocol or layer names code that is there', () => {
  const { protocols, layers }: Rows = JSON.parse(
    readFileSync(join(ROOT, 'docs/scope.json'), 'utf8'),
  );
  const bare = [...protocols, ...layers].filter(
    ({ code }) => !code.some((path) => existsSync(join(ROOT, path))),
  );
  expect(bare).toEqual([]);
});

test('every section of the source is in a page of each language, complete', () => {
  const source: { [name: string]: unknown } = JSON.parse(
    readFileSync(join(ROOT, 'docs/scope.json'), 'utf8'),
  );
  const names = Object.keys(source).filter((name) => name !== 'note');
  for (const pages of [PAGES.slice(0, 2), PAGES.slice(2)]) {
    const [english = '', chinese = ''] = pages.map((page) =>
      sectionsIn(readFileSync(join(ROOT, page), 'utf8')).join(' '),
    );
    expect(english).toBe(chinese);
  }
  const all = PAGES.flatMap((page) => sectionsIn(readFileSync(join(ROOT, page), 'utf8')));
  expect(names.filter((name) => !all.includes(name))).toEqual([]);
});

const sectionsIn = (text: string): string[] =>
  [...text.matchAll(/<!-- scope (\w+)/g)].map(([, name = '']) => name);

test('a dependency that no page shows makes the pages stale, until they are written anew', async () => {
  const folder = copyOfPages();
  // Links to code that is not in the copy are left out: the copy is written once as it is.
  await scope(folder);
  expect(await scope('--check', folder)).toMatchObject({ code: 0, stdout: '' });
  const manifest = join(folder, 'packages/coordinator/package.json');
  change(manifest, '"dependencies": {', '"dependencies": {\n    "@quorate/tss": "0.1.0",');
  const { code, stdout } = await scope('--check', folder);
  expect(code).toBe(1);
  for (const page of PAGES.slice(2)) expect(stdout).toContain(`${page}: stale`);
  await scope(folder);
  expect(await scope('--check', folder)).toMatchObject({ code: 0 });
});

test('an edit inside a section and a package without a line are found', async () => {
  const folder = copyOfPages();
  await scope(folder);
  change(join(folder, 'README.md'), 'no FROST', 'and FROST');
  expect(await scope('--check', folder)).toMatchObject({
    code: 1,
    stdout: 'README.md: stale, run node scripts/scope.mjs\n',
  });
  change(join(folder, 'docs/scope.json'), '"console": {', '"web": {');
  const { code, stderr } = await scope('--check', folder);
  expect(code).toBe(1);
  expect(stderr).toContain('docs/scope.json has no line for console');
});

interface Manifest {
  readonly dependencies?: { readonly [name: string]: string };
  readonly optionalDependencies?: { readonly [name: string]: string };
}

test('CONTRIBUTING names every dependency at run time, its version and its users', () => {
  const text = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const table = text.split('### At run time')[1]?.split('\n### ')[0] ?? '';
  const rows = [...table.matchAll(/^\| `(\S+)` (\S+) \| ([a-z, -]+)/gm)];
  const named = rows.map(([, name, version, users = '']) => {
    return `${name} ${version} ${users.trim().split(', ').toSorted().join(' ')}`;
  });
  const users = new Map<string, string[]>();
  for (const folder of readdirSync(join(ROOT, 'packages'))) {
    const path = join(ROOT, 'packages', folder, 'package.json');
    const { dependencies, optionalDependencies }: Manifest = JSON.parse(readFileSync(path, 'utf8'));
    for (const [name, version] of Object.entries({ ...dependencies, ...optionalDependencies })) {
      if (name.startsWith('@quorate/')) continue;
      const key = `${name} ${version}`;
      users.set(key, [...(users.get(key) ?? []), folder].toSorted());
    }
  }
  const actual = [...users].map(([key, folders]) => `${key} ${folders.join(' ')}`);
  expect(named.toSorted()).toEqual(actual.toSorted());
});
