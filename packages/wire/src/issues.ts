/**
 * Words a schema's objection to a value: which field, and what was expected. Never the value itself, because
 * it may be a secret.
 *
 * @module
 */
import type { z } from 'zod';
import type { Language } from './codes.ts';
import { chineseOf, inLanguage, type Said } from './expectations.ts';
import { LIMITS } from './limits.ts';
import { safeText } from './texts.ts';

type Issue = z.core.$ZodIssue;

const TYPES: ReadonlyMap<string, Said> = new Map([
  ['string', { en: 'text', zhCN: '文本' }],
  ['number', { en: 'a number', zhCN: '数字' }],
  ['int', { en: 'a whole number', zhCN: '整数' }],
  ['boolean', { en: 'true or false', zhCN: 'true 或 false' }],
  ['array', { en: 'a list', zhCN: '列表' }],
  ['object', { en: 'an object', zhCN: '对象' }],
  ['record', { en: 'an object', zhCN: '对象' }],
  ['null', { en: 'null', zhCN: 'null' }],
]);

/** The beginnings of the library's own sentences; all others come from a schema. */
const DEFAULT_SENTENCE = /^(Invalid|Too (small|big)|Unrecognized)\b/;

/** Says where a value differs from its schema, and what was expected; never the value. */
export function describeIssues(
  { issues }: { readonly issues: readonly Issue[] },
  language: Language = 'en',
): string {
  const said = issues.slice(0, 4).map((issue) => {
    const path = issue.path.map(String).join('.');
    const text = inLanguage(expectationOf(issue), language);
    return path === '' ? text : `${path}: ${text}`;
  });
  return safeText(said.join(language === 'zh-CN' ? '；' : '; '), LIMITS.text);
}

/** The expectation, without the path. */
function expectationOf(issue: Issue): Said {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.slice(0, 4).map((key) => key.slice(0, 64));
    return { en: `unknown field ${keys.join(', ')}`, zhCN: `未知字段 ${keys.join('、')}` };
  }
  if (!DEFAULT_SENTENCE.test(issue.message)) return ownSentence(issue);
  switch (issue.code) {
    case 'invalid_type':
      return typeExpected(issue);
    case 'invalid_value': {
      const values = issue.values.map(String);
      return { en: `expected ${oneOf(values, 'or')}`, zhCN: `应为 ${oneOf(values, '或')}` };
    }
    case 'too_small': {
      const { en, zhCN } = amount(issue.minimum, issue.origin);
      return issue.inclusive === false
        ? { en: `expected more than ${en}`, zhCN: `应大于 ${zhCN}` }
        : { en: `expected at least ${en}`, zhCN: `应至少为 ${zhCN}` };
    }
    case 'too_big': {
      const { en, zhCN } = amount(issue.maximum, issue.origin);
      return issue.inclusive === false
        ? { en: `expected less than ${en}`, zhCN: `应小于 ${zhCN}` }
        : { en: `expected at most ${en}`, zhCN: `不得超过 ${zhCN}` };
    }
    case 'invalid_union':
      return anyOf(issue.errors);
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return { en: 'does not have the expected form', zhCN: '格式不符合要求' };
  }
}

/** The sentence of the schema itself. */
function ownSentence(issue: Issue): Said {
  const en = issue.message;
  const given: unknown = issue.code === 'custom' ? issue.params?.['zhCN'] : undefined;
  return { en, zhCN: typeof given === 'string' ? given : (chineseOf(en) ?? en) };
}

function typeExpected(issue: z.core.$ZodIssueInvalidType): Said {
  const { en, zhCN } = TYPES.get(issue.expected) ?? { en: issue.expected, zhCN: issue.expected };
  return issue.message.endsWith('received undefined')
    ? { en: `is missing; expected ${en}`, zhCN: `缺失，应为${zhCN}` }
    : { en: `expected ${en}`, zhCN: `应为${zhCN}` };
}

/** For a choice between simple values, lists each; between objects, says that none fits. */
function anyOf(options: readonly (readonly Issue[])[]): Said {
  const firsts = options.flatMap(([first]) => (first === undefined ? [] : [first]));
  const none = { en: 'has none of the expected forms', zhCN: '不符合任何一种允许的格式' };
  if (firsts.length === 0 || firsts.some(({ path }) => path.length > 0)) return none;
  const said = firsts.map((issue) => (isEmptyText(issue) ? EMPTY : expectationOf(issue)));
  const en = [...new Set(said.map((one) => one.en))];
  const zhCN = [...new Set(said.map((one) => one.zhCN))];
  return { en: en.join(', or '), zhCN: zhCN.join('，或') };
}

const EMPTY: Said = { en: 'nothing', zhCN: '留空' };

function isEmptyText(issue: Issue): boolean {
  return issue.code === 'invalid_value' && issue.values.length === 1 && issue.values[0] === '';
}

function oneOf(values: readonly string[], or: string): string {
  const last = values.at(-1) ?? '';
  if (values.length < 2) return last;
  return `${values.slice(0, -1).join(or === 'or' ? ', ' : '、')} ${or} ${last}`;
}

function amount(limit: number | bigint, origin: string): Said {
  const one = Number(limit) === 1;
  if (origin === 'string') {
    return { en: `${limit} character${one ? '' : 's'}`, zhCN: `${limit} 个字符` };
  }
  if (origin === 'array' || origin === 'set') {
    return { en: `${limit} entr${one ? 'y' : 'ies'}`, zhCN: `${limit} 项` };
  }
  return { en: String(limit), zhCN: String(limit) };
}
