/** YAML texts as documents: bounded before the library sees them, and the first mistake with its line. */
import { yamlProblem } from '@quorate/wire';
import { type Document, LineCounter, parseDocument } from 'yaml';

/** A text that is YAML. */
export interface YamlDocument {
  readonly document: Document;
  readonly lines: LineCounter;
}

/** Why a text is not read, and on which line, from 1. */
export interface YamlMistake {
  readonly mistake: string;
  readonly line: number;
}

/** Parses a text; a key twice is a mistake. One byte order mark at the start is passed over. */
export function readYamlDocument(text: string): YamlDocument | YamlMistake {
  const problem = yamlProblem(text);
  if (problem !== undefined) return { mistake: problem, line: 1 };
  const lines = new LineCounter();
  // The pretty form of every error quotes the text around it, in quadratic time.
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
  });
  const [first] = document.errors;
  if (first === undefined) return { document, lines };
  return { mistake: first.message, line: lines.linePos(first.pos[0]).line };
}

/** The value of a document; an alias is none. @throws Error for an alias */
export function valueOfYaml(document: Document): unknown {
  return document.toJS({ maxAliasCount: 0 });
}
