/** YAML files of an agent. */
import { readYaml } from '@quorate/holder';
import type { z } from 'zod';
import { AgentError, type AgentErrorCode } from './errors.ts';

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
  return readYaml({ name, text, schema, keys }, (kind, message, cause) => {
    const code = kind === 'invalid' ? errors.invalid : errors.unknownKey;
    return new AgentError(code, message, cause);
  });
}
