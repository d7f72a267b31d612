/**
 * What a schema says against a value, as a sentence for people: which field, what was expected. Never
 * what the value was: it may be a secret.
 *
 * @module
 */
import type { z } from 'zod';
import { LIMITS } from './limits.ts';
import { safeText } from './texts.ts';

type Issue = z.core.$ZodIssue;

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** How the library's own sentences begin; what begins otherwise was written by a schema. */
const DEFAULT_SENTENCE = /^(Invalid|Too (small|big)|Unrecognized)\b/;

/** Says where a value differs from its schema and what was expected; never what it was. */
export function describeIssues({ issues }: { readonly issues: readonly Issue[] }): string {
  const said = issues.slice(0, 4).map((issue) => {
    const path = issue.path.map(String).join('.');
    const text = expectationOf(issue);
    return path === '' ? text : `${path}: ${text}`;
  });
  return safeText(said.join('; '), LIMITS.text);
}

/** What was expected, without the path. */
function expectationOf(issue: Issue): string {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.slice(0, 4).map((key) => key.slice(0, 64));
    return `unknown field ${keys.join(', ')}`;
  }
  if (!DEFAULT_SENTENCE.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type': {
      const missing = issue.message.endsWith('received undefined') ? 'is missing; ' : '';
      return `${missing}expected ${TYPES[issue.expected] ?? issue.expected}`;
    }
    case 'invalid_value':
      return `expected ${oneOf(issue.values.map(String))}`;
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${amount(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${amount(issue.maximum, issue.origin)}`;
    case 'invalid_format':
      return `has another form than expected${issue.pattern === undefined ? '' : `: ${issue.pattern}`}`;
    case 'invalid_union':
      return 'has none of the forms that are expected';
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return issue.message.replace(/^Invalid input: /, '');
  }
}

function oneOf(values: readonly string[]): string {
  const last = values.at(-1) ?? 'nothing';
  return values.length < 2 ? last : `${values.slice(0, -1).join(', ')} or ${last}`;
}

function amount(limit: number | bigint, origin: string): string {
  if (origin === 'string') return `${limit} character${Number(limit) === 1 ? '' : 's'}`;
  if (origin === 'array' || origin === 'set')
    return `${limit} entr${Number(limit) === 1 ? 'y' : 'ies'}`;
  return String(limit);
}
