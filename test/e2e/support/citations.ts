// The repository as a reader has it: its files, and what they cite.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDERS = ['packages', 'test', 'applet', 'bench', 'scripts', 'examples', 'docs'];
const MADE = new Set(['node_modules', 'dist', 'target', 'coverage']);
const READ = /\.(ts|tsx|mjs|java|py|md)$|^\.oxlintrc\.json$/;

/** A file by its path from the root, with its text. */
export interface File {
  readonly path: string;
  readonly text: string;
}

function* pathsIn(folder: string): Generator<string> {
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    if (MADE.has(entry.name) || entry.name.startsWith('.')) continue;
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) yield* pathsIn(path);
    else yield path;
  }
}

/** The paths of all files that people write. */
export function allPaths(): string[] {
  const top = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isFile());
  return [...top.map(({ name }) => name), ...FOLDERS.flatMap((folder) => [...pathsIn(folder)])];
}

/** Those of them that cite, read. This test and its support cite nothing: they make citations up. */
export function readAll(paths: readonly string[]): File[] {
  const cites = (path: string): boolean =>
    READ.test(path) && !basename(path).startsWith('citations.');
  return paths
    .filter(cites)
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** A page that a text names, with what it names of it. */
export interface Citation {
  readonly page: string;
  /** A link is opened where it says, a name wherever the page is. */
  readonly isLink: boolean;
  readonly sections: readonly string[];
  readonly headings: readonly string[];
}

// Lines of a comment are one text.
const joined = (text: string): string =>
  text.replaceAll(/[ \t]*\n[ \t]*(?:\*|\/\/|#)?[ \t]*/g, ' ');

const PAGE = /[\w./-]*\w\.md\b/g;
const SECTIONS = /^(?:#[\w-]+)?[)`]*,?((?: §\d+(?:\.\d+)?(?:,| and| to)?)+)/;
const HEADING = /^`?, "([^"]+)"/;

/** The pages that a text names. */
export function citationsIn(text: string): Citation[] {
  const whole = joined(text);
  return [...whole.matchAll(PAGE)].map(({ 0: page, index }) => {
    const after = whole.slice(index + page.length, index + page.length + 120);
    const [, listed = ''] = SECTIONS.exec(after) ?? [];
    const sections = [...listed.matchAll(/[\d.]*\d/g)].map(([section]) => section);
    const heading = HEADING.exec(after)?.[1];
    const isLink = whole.slice(0, index).endsWith('](');
    return { page, isLink, sections, headings: heading === undefined ? [] : [heading] };
  });
}

const ALONE = /(?<!\.md\)?[`)]*,? |§[\d.]+(?:,| and| to) |RFC \d+ )§(\d+(?:\.\d+)?)/g;
const BEFORE = /[\w./-]*\w\.md(?![^]*\.md)/;

/** Sections that stand without a page: of the page named last shortly before; undefined when there is none. */
export function loneSections(text: string): { section: string; page: string | undefined }[] {
  const whole = joined(text);
  return [...whole.matchAll(ALONE)].map(({ 1: section = '', index }) => {
    const before = whole.slice(Math.max(0, index - 160), index);
    return { section, page: BEFORE.exec(before)?.[0] };
  });
}

/** Whether a page has a section `3`, or in it an item or section `3.6`. */
export function hasSection(page: string, section: string): boolean {
  const [chapter = '', item] = section.split('.');
  const from = page.search(new RegExp(`^## ${chapter}\\. `, 'm'));
  if (from < 0) return false;
  if (item === undefined) return true;
  const chapterText = page.slice(from + 3).split(/^## /m)[0] ?? '';
  return new RegExp(`^(?:### ${chapter}\\.|[ \t]*)${item}\\. `, 'm').test(chapterText);
}

/** Whether a page has a heading, or a paragraph with a title, that begins with these words. */
export function hasHeading(page: string, words: string): boolean {
  const titles = page.split('\n').filter((line) => /^(#+ |\*\*)/.test(line));
  return titles.some((line) => line.replace(/^(#+ (\d+\. )?|\*\*)/, '').startsWith(words));
}

const SOURCE =
  /(?<![\w/])((?:packages|scripts|bench|examples|applet)\/[\w./-]*)(?:\{([\w., /-]+)\}([\w.]*))?/g;

/** The files and folders of the sources that a page names; one in braces is named for each of its parts. */
export function sourcesIn(page: string): string[] {
  const whole = joined(page);
  const named = [...whole.matchAll(SOURCE)].flatMap((match) => {
    const [all, start = '', parts, end = ''] = match;
    if (parts !== undefined) return parts.split(/, ?/).map((part) => `${start}${part}${end}`);
    // A pattern, or a name that goes on with a placeholder, names no file.
    const next = whole.charAt(match.index + all.length);
    return /[*<{]/.test(next) ? [] : [start.replace(/[./]+$/, '')];
  });
  return named.filter((name) => !name.split('/').some((part) => MADE.has(part)));
}
