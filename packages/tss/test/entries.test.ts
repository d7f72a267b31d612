import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

interface Manifest {
  readonly exports: Readonly<Record<string, Readonly<Record<'quorate-source', string>>>>;
}

/** The names, also of types, that the source of an entry exports. */
const namesOf = (source: string): string[] =>
  [...read(source).matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) =>
    names.split(',').flatMap((name) => name.trim().replace(/^type /, '') || []),
  );

test('each name is exported by one entry only', () => {
  const { exports: entries } = JSON.parse(read('package.json')) as Manifest;
  expect(Object.keys(entries)).toEqual(['.', './dkls23', './lindell17']);
  const names = Object.values(entries).map((entry) => namesOf(entry['quorate-source']));
  for (const some of names) expect(some.length).toBeGreaterThan(5);
  expect(new Set(names.flat()).size).toBe(names.flat().length);
});
