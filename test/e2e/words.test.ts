// Sentences begin with their verb or their actor, and a name means one thing in a package.
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { allPaths, type File, readAll } from './support/citations.ts';
import { exportedNames, misbegun } from './support/words.ts';

const files = readAll(allPaths());
const packages = [
  ...new Set(
    files
      .map(({ path }) => path)
      .filter(isSource)
      .map(packageOf),
  ),
];

function isSource(path: string): boolean {
  return /^packages\/[\w-]+\/src\//.test(path);
}

function packageOf(path: string): string {
  return path.split('/')[1] ?? '';
}

const sourcesOf = (name: string): File[] =>
  files.filter(({ path }) => isSource(path) && packageOf(path) === name);

/** English pages for people; of the changelog what is not released yet. */
const pages = files
  .filter(({ path }) =>
    /^(?:[A-Z]+|(?:docs|docs\/spec|applet|packages\/[\w-]+)\/[\w-]+)\.md$/.test(path),
  )
  .map((file) => (file.path === 'CHANGELOG.md' ? newestOf(file) : file));

function newestOf({ path, text }: File): File {
  return { path, text: text.split(/^## /m)[1] ?? '' };
}

const page = (text: string): File => ({ path: 'README.md', text });
const source = (text: string): File => ({ path: 'packages/one/src/two.ts', text });

test.each([
  ['a paragraph', page('It is so.\n\nThat it is so helps.')],
  ['a second sentence', page('It is so. What it\nsays is so.')],
  ['an item', page('- What it says.')],
  ['a cell', page('| one | What it says |')],
  ['emphasis', page('**What** it says is so.')],
  ['a comment', source('/** What it says. */\nconst a = 1;')],
  ['a later line', source('/**\n * It is so. What it\n * says.\n */')],
  ['a later paragraph', source('/**\n * It is so\n *\n * That it is so helps.\n */')],
  ['a note behind code', source('call(); // That is so')],
  ['a note of security', source('// Security: What it says.')],
  ['a message', source("refuse('what you say is wrong');")],
  ['a template', source('refuse(`That ${name} is wrong`);')],
])('%s that begins with What or That is found', (_, file) => {
  expect(misbegun(file)).toHaveLength(1);
});

test.each([
  ['a question', page('# What is it?\n\nThat one?')],
  ['another word', page('Whatever it is. That’s it. Thatch.')],
  ['code', page('```\nWhat it says\n```\n\n`What` is a word.')],
  ['a middle', source('/** It says\n * What it is. */')],
  ['a word', source("const words = ['what', 'That'];")],
  ['code below', source('/** It is so. */\nThat(one);')],
])('%s is not', (_, file) => {
  expect(misbegun(file)).toEqual([]);
});

test.each(packages)('no sentence in %s begins with What or That', (name) => {
  expect(sourcesOf(name).flatMap(misbegun)).toEqual([]);
});

test('no sentence of a page begins with What or That', () => {
  expect(pages.length).toBeGreaterThan(35);
  expect(pages.flatMap(misbegun)).toEqual([]);
});

test.each(packages)('no name of %s means two things', (name) => {
  const names = exportedNames(sourcesOf(name));
  expect(names.length).toBeGreaterThan(5);
  // Rooms of one shape name their parts alike: ceremonies/sign/rules.ts, ceremonies/destroy/rules.ts;
  // and the condition of an import chooses one of two backends.
  const partOf = (path: string): string =>
    posix.basename(path).replace(/^(?:native|portable)\.ts$/, 'backend.ts');
  const parts = ({ paths }: { paths: readonly string[] }): number =>
    new Set(paths.map(partOf)).size;
  expect(names.filter((each) => parts(each) > 1)).toEqual([]);
  const single = names.filter(({ name: word }) => /^(?:Refusal|Sender|\w*Desk)$/.test(word));
  expect(single.filter(({ paths }) => paths.length > 1)).toEqual([]);
  expect(single.filter(({ name: word }) => word.endsWith('Desk'))).toEqual([]);
});
