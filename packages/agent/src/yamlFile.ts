/**
 * YAML files that people write: read strictly, and every mistake named with what was meant.
 */
import { describeIssues } from '@quorate/wire';
import type { z } from 'zod';
import { AgentError, type AgentErrorCode, messageOf } from './errors.ts';
import { nearest } from './nearest.ts';
import { readYamlDocument, valueOfYaml } from './yamlDocument.ts';

/** Codes that the reader of one kind of file raises. */
export interface YamlFileErrors {
  readonly invalid: AgentErrorCode;
  readonly unknownKey: AgentErrorCode;
}

/**
 * Parses a YAML text by a schema.
 * @param keys every key name that the schema knows, at any depth
 */
export function parseYaml<T>(
  name: string,
  text: string,
  schema: z.ZodType<T>,
  keys: readonly string[],
  errors: YamlFileErrors,
): T {
  const read = readYamlDocument(text);
  if ('mistake' in read) {
    throw new AgentError(errors.invalid, `${name}:${read.line}: ${read.mistake}`);
  }
  let value: unknown;
  try {
    value = valueOfYaml(read.document);
  } catch (error) {
    throw new AgentError(errors.invalid, `${name}: ${messageOf(error)}`, error);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    throw unknownKey(name, issue.path, issue.keys[0] ?? '', keys, errors.unknownKey);
  }
  const issues = result.error.issues.slice(0, 1);
  const where = issues[0]?.path.length ? '' : 'the file: ';
  throw new AgentError(errors.invalid, `${name}: ${where}${describeIssues({ issues })}`);
}

function unknownKey(
  name: string,
  path: readonly PropertyKey[],
  key: string,
  keys: readonly string[],
  code: AgentErrorCode,
): AgentError {
  const meant = nearest(key, keys);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  const where = [...path.map(String), key].join('.');
  return new AgentError(code, `${name}: unknown key ${JSON.stringify(where)}${hint}`);
}
