import { expect, test } from 'vitest';
import { LIMITS, yamlProblem } from '../src/index.ts';

const { size, depth, entries, indentation } = LIMITS.yaml;

test('X-1: a YAML text is bounded in size, nesting and entries before a library reads it', () => {
  const cases: [string, string | undefined][] = [
    ['', undefined],
    ['listen: { host: 127.0.0.1, port: 8082 }\npartners: [mobile-app]\n', undefined],
    ['x'.repeat(size), undefined],
    ['x'.repeat(size + 1), `expected at most ${size} characters, got ${size + 1}`],
    ['['.repeat(depth) + ']'.repeat(depth), undefined],
    ['['.repeat(depth + 1), `nested deeper than ${depth}`],
    ['{a: '.repeat(depth + 1), `nested deeper than ${depth}`],
    [`${']'.repeat(depth)}${'['.repeat(depth + 1)}`, `nested deeper than ${depth}`],
    ['- '.repeat(3000), `nested deeper than ${depth}`],
    ['? '.repeat(3000), `nested deeper than ${depth}`],
    [`a:\n${'-   '.repeat(3000)}`, `nested deeper than ${depth}`],
    [`${' '.repeat(indentation)}a`, undefined],
    [
      `a:\n${' '.repeat(indentation + 1)}b`,
      `expected at most ${indentation} spaces before a line's text`,
    ],
    ['- a\n'.repeat(entries), undefined],
    ['- a\n'.repeat(entries + 1), `expected at most ${entries} entries`],
    ['a: { __proto__: b }', 'the key __proto__ is not allowed'],
    ['a: b\0', 'expected text without the character U+0000 (NUL)'],
  ];
  for (const [text, problem] of cases) expect(yamlProblem(text), text.slice(0, 20)).toBe(problem);
});
