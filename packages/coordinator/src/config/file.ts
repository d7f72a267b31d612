/** Reads the YAML file of a configuration, with the line of every key. */
import { describeFileProblem, yamlProblem } from '@quorate/wire';
import { readOperatorFile } from '@quorate/wire/files';
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

/** Refuses a configuration; the message names the file, line and key, and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: 'config/invalid' | 'config/unknown-key' | 'config/missing';

  constructor(code: ConfigError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Settings by name; groups are trees of their own. */
export type Tree = { [key: string]: unknown };

/** The settings of a file, and their places. */
export interface ConfigFile {
  readonly tree: Tree;
  /** File and line of the key at the end of a path, or of the nearest existing part of the path. */
  at(path: string): string;
}

/** Reads a file. @throws ConfigError */
export function readConfigFile(name: string): ConfigFile {
  const text = readConfigured(name);
  const problem = yamlProblem(text);
  if (problem !== undefined) throw new ConfigError('config/invalid', `${name}: ${problem}`);
  const lines = new LineCounter();
  // The pretty form of an error quotes the text around it, in quadratic time.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    const { line } = lines.linePos(mistake.pos[0]);
    throw new ConfigError('config/invalid', `${name}:${line}: ${mistake.message}`);
  }
  const value = valueOf(name, document) ?? {};
  if (!isTree(value))
    throw new ConfigError('config/invalid', `${name}:1: expected keys and values`);
  return {
    tree: value,
    at: (path) => `${name}:${lines.linePos(offsetOf(document, path)).line}`,
  };
}

/** Reads a file named in a configuration. @throws ConfigError `config/missing` */
export function readConfigured(name: string): string {
  try {
    return readOperatorFile(name).toString('utf8');
  } catch (error) {
    throw new ConfigError('config/missing', describeFileProblem(name, error), error);
  }
}

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function valueOf(name: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'not readable';
    throw new ConfigError('config/invalid', `${name}: ${reason}`, error);
  }
}

function offsetOf({ contents }: Document, path: string): number {
  let node: unknown = contents;
  let at = 0;
  for (const part of path.split('.')) {
    if (isSeq(node)) {
      node = node.items[Number(part)];
      if (isNode(node) && node.range) [at] = node.range;
      continue;
    }
    if (!isMap(node)) break;
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part);
    if (pair === undefined) break;
    if (isScalar(pair.key) && pair.key.range) [at] = pair.key.range;
    node = pair.value;
  }
  return at;
}
