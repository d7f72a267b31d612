// Sentences as people read them, in sources and pages, and the names that sources export.
import type { File } from './citations.ts';

/** A sentence, and the file that it stands in. */
export interface Sentence {
  readonly path: string;
  readonly text: string;
}

const OPENER = /^(?:Security: )?(?:What|That)(?!\S*\w)/;
/** A message often begins in lower case. */
const MESSAGE_OPENER = /^(?:what|that)\s/i;

/** The sentences of a file that begin with What or That; a question may. */
export function misbegun(file: File): Sentence[] {
  const found = file.path.endsWith('.md') ? ofPage(file.text) : ofSource(file.text);
  return found.map((text) => ({ path: file.path, text }));
}

/** Headings are no sentences. */
function ofPage(text: string): string[] {
  const prose = text.replaceAll(/^```.*?^```|^#.*$/gms, '').replaceAll(/`[^`\n]*`/g, '`');
  return blocksOf(prose).flatMap(opened);
}

/** An item of a list, a cell of a table and a paragraph each begin anew. */
function blocksOf(prose: string): string[] {
  const items = prose.replaceAll(/^[ \t]*(?:[-*]|\d+\.|>|\|)[ \t]+/gm, '\n\n');
  return items.split(/\n[ \t]*\n|[ \t]\|(?=[ \t\n])/);
}

function ofSource(text: string): string[] {
  return [...commentsIn(text).flatMap(opened), ...messagesIn(text)];
}

const opened = (block: string): string[] =>
  sentencesOf(block).filter((sentence) => OPENER.test(sentence) && !sentence.endsWith('?'));

function sentencesOf(block: string): string[] {
  const plain = block.replaceAll(/\s+/g, ' ').replaceAll('**', '').trim();
  return plain.split(/(?<=[.!?]["”)]?) (?=\S)/).map((sentence) => sentence.trim());
}

const LINE = /^\s*(?:\{?\/\*\*?|\*(?!\/)|\/\/)(?:\s(.*))?$/;
const AFTER_CODE = /[;,{([\])}]\s+\/\/ (.*)$/;

/** Comments in paragraphs. A comment is a line that begins as one, and those that follow it. */
function commentsIn(text: string): string[] {
  const paragraphs: string[] = [''];
  for (const line of text.split('\n')) {
    const [, said = ''] = LINE.exec(line) ?? [];
    const words = (said || (AFTER_CODE.exec(line)?.[1] ?? '')).replace(/\*\/\}?\s*$/, '').trim();
    const last = paragraphs.length - 1;
    if (words === '' || words.startsWith('@')) paragraphs.push(words);
    else paragraphs[last] = `${paragraphs[last]} ${words}`;
    if (/\*\/\}?\s*$/.test(line)) paragraphs.push('');
  }
  return paragraphs;
}

/** Texts of code that are more than names: messages, hints and descriptions. */
function messagesIn(text: string): string[] {
  const code = text.split('\n').filter((line) => !LINE.test(line));
  const literals = code.flatMap((line) =>
    [...line.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`([^`]*)`/g)].map(
      ([, single, double, template]) => single ?? double ?? template ?? '',
    ),
  );
  return literals
    .filter((literal) => literal.split(' ').length > 2)
    .filter((literal) => MESSAGE_OPENER.test(literal) || opened(literal).length > 0)
    .filter((literal) => !literal.endsWith('?'));
}

/** A name that sources export, and the files that declare it. */
export interface ExportedName {
  readonly name: string;
  readonly paths: readonly string[];
}

const EXPORT = /^export (?:abstract |async )?(?:class|interface|type|function\*?|const) (\w+)/gm;

/** Every exported name of some sources. */
export function exportedNames(sources: readonly File[]): ExportedName[] {
  const byName = new Map<string, Set<string>>();
  for (const { path, text } of sources) {
    for (const [, name = ''] of text.matchAll(EXPORT)) {
      byName.set(name, (byName.get(name) ?? new Set()).add(path));
    }
  }
  return [...byName].map(([name, paths]) => ({ name, paths: [...paths] }));
}
