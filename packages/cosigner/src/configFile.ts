/** YAML files of a cosigner. */
import { readYaml as readYamlFile } from '@quorate/holder';
import type { z } from 'zod';
import { SetupError } from './errors.ts';

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
  return readYamlFile({ name, text, schema, keys }, (kind, message, cause) => {
    const code = kind === 'invalid' ? 'config/invalid' : 'config/unknown-key';
    return new SetupError(code, message, cause);
  });
}
