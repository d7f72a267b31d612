/**
 * YAML files that people write: bounded before the library sees them, read strictly, and every mistake named
 * with file, line and key, and with what was probably meant.
 */
import { describeIssues, nearest, yamlProblem } from '@quorate/wire';
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { messageOf } from '../errors.ts';

/** A file and what it has to hold. */
export interface YamlSource<T> {
  readonly name: string;
  readonly text: string;
  readonly schema: z.ZodType<T>;
  /** Every key name that the schema knows, at any depth. */
  readonly keys: readonly string[];
}

/** Makes the error of a package for a mistake. */
export type YamlRefusal = (
  kind: 'invalid' | 'unknown-key',
  message: string,
  cause?: unknown,
) => Error;

/** Reads a YAML text by a schema; a key twice and an alias are mistakes. @throws what `refuse` makes */
export function readYaml<T>({ name, text, schema, keys }: YamlSource<T>, refuse: YamlRefusal): T {
  const problem = yamlProblem(text);
  if (problem !== undefined) throw refuse('invalid', `${name}: ${problem}`);
  const lines = new LineCounter();
  // The pretty form of every error quotes the text around it, in quadratic time.
  const options = { lineCounter: lines, uniqueKeys: true, prettyErrors: false };
  const document = parseDocument(text, options);
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    const { line } = lines.linePos(mistake.pos[0]);
    throw refuse('invalid', `${name}:${line}: ${mistake.message}`);
  }
  const result = schema.safeParse(valueOf(name, document, refuse));
  if (result.success) return result.data;
  const unknown = result.error.issues.find(({ code }) => code === 'unrecognized_keys');
  const issue = unknown ?? result.error.issues[0];
  if (issue === undefined) throw new Error('unreachable: a failed parse without an issue');
  const where = (path: readonly PropertyKey[]): string =>
    `${name}:${lines.linePos(offsetOf(document, path)).line}`;
  if (issue.code === 'unrecognized_keys') {
    throw refuse('unknown-key', unknownKey(where, issue.path, issue.keys[0] ?? '', keys));
  }
  const said = describeIssues({ issues: [issue] });
  const whole = issue.path.length === 0 ? 'the file: ' : '';
  throw refuse('invalid', `${where(issue.path)}: ${whole}${said}`);
}

function unknownKey(
  where: (path: readonly PropertyKey[]) => string,
  path: readonly PropertyKey[],
  key: string,
  keys: readonly string[],
): string {
  const meant = nearest(key, keys);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  const full = [...path, key];
  return `${where(full)}: unknown key ${JSON.stringify(full.map(String).join('.'))}${hint}`;
}

function valueOf(name: string, document: Document, refuse: YamlRefusal): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw refuse('invalid', `${name}: ${messageOf(error)}`, error);
  }
}

/** Where the key at the end of the path begins, or the nearest part of the path that exists. */
function offsetOf({ contents }: Document, path: readonly PropertyKey[]): number {
  let at = 0;
  let node: unknown = contents;
  for (const part of path) {
    if (isSeq(node)) {
      node = node.items[Number(part)];
      if (isNode(node) && node.range) [at] = node.range;
      continue;
    }
    if (!isMap(node)) break;
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
    if (pair === undefined) break;
    if (isScalar(pair.key) && pair.key.range) [at] = pair.key.range;
    node = pair.value;
  }
  return at;
}
