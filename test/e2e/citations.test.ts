// A reader can open whatever code, tests and documents cite, and every id of a check is explained.
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import {
  allPaths,
  citationsIn,
  type File,
  hasHeading,
  hasSection,
  loneSections,
  readAll,
  sourcesIn,
} from './support/citations.ts';
import { checksOf, idsUsed, names } from './support/checkIds.ts';

const paths = allPaths();
const exists = new Set(paths);
const files = readAll(paths);
const texts = new Map(files.map(({ path, text }) => [path, text]));
const pages = paths.filter((path) => path.endsWith('.md'));
const { built, absent } = checksOf(texts.get('docs/spec/checks.md') ?? '');
const ids = new Set(built.map(({ id }) => id));

/** The page that a file means by a name: beside it, or the one that ends so. */
function pageOf(from: string, name: string): string | undefined {
  return linked(from, name) ?? pages.find((page) => `/${page}`.endsWith(`/${name}`));
}

/** The page that a link opens. */
function linked(from: string, name: string): string | undefined {
  const beside = posix.join(posix.dirname(from), name);
  return exists.has(beside) ? beside : undefined;
}

/** The unresolved citations of one file. */
function unresolved({ path, text }: File): string[] {
  return citationsIn(text).flatMap(({ page: name, isLink, sections, headings }) => {
    const page = isLink ? linked(path, name) : pageOf(path, name);
    if (page === undefined) return [`${path}: ${name}`];
    const content = texts.get(page) ?? '';
    return [
      ...sections.filter((section) => !hasSection(content, section)).map((n) => `§${n}`),
      ...headings.filter((words) => !hasHeading(content, words)),
    ].map((part) => `${path}: ${name} ${part}`);
  });
}

/** A path of the table: in a package, or from the root. */
const placeOf = (path: string): string => (exists.has(path) ? path : `packages/${path}`);

test('every page and section that is cited is in the repository', () => {
  expect(files.length).toBeGreaterThan(900);
  expect(files.flatMap(unresolved)).toEqual([]);
});

test('every source that a page names is in the repository', () => {
  const isThere = (name: string): boolean =>
    paths.some((path) => `${path}/`.startsWith(`${name}/`));
  const named = files
    .filter(({ path }) => path.endsWith('.md') && path !== 'CHANGELOG.md')
    .flatMap(({ path, text }) => sourcesIn(text).map((name) => ({ path, name })));
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter(({ name }) => !isThere(name))).toEqual([]);
});

test('a section without a page is of the page itself, in code of the page named before it', () => {
  const lone = files.flatMap(({ path, text }) =>
    loneSections(text).map(({ section, page }) => {
      const meant = path.endsWith('.md') ? path : page && pageOf(path, page);
      return { path, section, isThere: hasSection(texts.get(meant ?? '') ?? '', section) };
    }),
  );
  expect(lone.length).toBeGreaterThan(20);
  expect(lone.filter(({ isThere }) => !isThere)).toEqual([]);
});

test('every id that code and tests use is one of the table', () => {
  const used = files
    .filter(({ path }) => !path.endsWith('.md'))
    .flatMap((file) => [...idsUsed(file)].map((id) => ({ id, path: file.path })));
  expect(used.length).toBeGreaterThan(700);
  expect(used.filter(({ id }) => !ids.has(id))).toEqual([]);
});

test('every row of the table has one id, a sentence, its place in code and a test that names it', () => {
  expect(built.length).toBeGreaterThan(200);
  expect(ids.size).toBe(built.length);
  const wrong = built.filter(({ id, sentence, code, test: proof }) => {
    if (!sentence.endsWith('.') || !exists.has(placeOf(code))) return true;
    return !ids.has(proof) && !names(texts.get(placeOf(proof)) ?? '', id);
  });
  expect(wrong).toEqual([]);
});

test('an id that is not built has no row', () => {
  expect(absent.length).toBeGreaterThan(0);
  expect(absent.filter((id) => ids.has(id))).toEqual([]);
});
