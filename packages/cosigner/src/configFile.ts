/**
 * YAML that people write: every mistake is named with its key, its line and what was probably meant.
 */
import { nearest, readYamlDocument, valueOfYaml } from '@quorate/agent';
import { describeIssues } from '@quorate/wire';
import { type Document, isMap, isNode, isScalar, type LineCounter } from 'yaml';
import type { z } from 'zod';
import { messageOf, SetupError } from './errors.ts';

/**
 * Reads a YAML text by a schema.
 * @param keys every key name that the schema knows, at any depth
 * @throws SetupError `config/unknown-key`, `config/invalid`
 */
export function readYaml<T>(
  name: string,
  text: string,
  schema: z.ZodType<T>,
  keys: readonly string[],
): T {
  const read = readYamlDocument(text);
  if ('mistake' in read) {
    throw new SetupError('config/invalid', `${name}:${read.line}: ${read.mistake}`);
  }
  const { document, lines } = read;
  const result = schema.safeParse(valueOf(name, document));
  if (result.success) return result.data;
  const issue = result.error.issues.find(({ code }) => code === 'unrecognized_keys');
  const first = issue ?? result.error.issues[0];
  if (first === undefined) throw new Error('unreachable: a failed parse without an issue');
  const unknown = first.code === 'unrecognized_keys' ? (first.keys[0] ?? '') : undefined;
  const path = [...first.path, ...(unknown === undefined ? [] : [unknown])];
  const where = `${name}:${lineOf(document, lines, path)}`;
  const key = path.map(String).join('.');
  if (unknown === undefined) {
    const said = describeIssues({ issues: [first] });
    throw new SetupError('config/invalid', `${where}: ${key === '' ? 'the file: ' : ''}${said}`);
  }
  const meant = nearest(unknown, keys);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  throw new SetupError('config/unknown-key', `${where}: unknown key ${JSON.stringify(key)}${hint}`);
}

function valueOf(name: string, document: Document): unknown {
  try {
    return valueOfYaml(document);
  } catch (error) {
    throw new SetupError('config/invalid', `${name}: ${messageOf(error)}`);
  }
}

/** The line of the key at the end of the path, or of the nearest part of the path that exists. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let at = 0;
  let node: unknown = document.contents;
  for (const part of path) {
    if (!isMap(node)) {
      node = isNode(node) ? document.getIn([...path].map(String), true) : undefined;
      if (isNode(node) && node.range) at = node.range[0];
      break;
    }
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
    if (pair === undefined) break;
    if (isScalar(pair.key) && pair.key.range) at = pair.key.range[0];
    node = pair.value;
  }
  return lines.linePos(at).line;
}
