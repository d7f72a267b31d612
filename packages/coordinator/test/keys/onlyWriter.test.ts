// Which folder names which table in SQL: keys/ alone names its own, also to read them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SOURCES = join(import.meta.dirname, '../../src');
const TABLES = ['keys', 'key_labels', 'shards', 'ciphertexts', 'grants', 'orphans'];

/** Names of tables stand behind these words; a list of tables is written with JOIN. */
const NAMES =
  /\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ON|REFERENCES)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"?([a-z_]+)/g;

/** String literals and templates of a file, without comments: SQL stands nowhere else. */
function textsOf(source: string): string[] {
  const pattern =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|`(?:\\.|[^`\\])*`|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g;
  return [...source.matchAll(pattern)]
    .map(([text]) => text)
    .filter((text) => !/^\/[*/]/.test(text));
}

/** The tables of keys/ that a file names in SQL. */
function tablesNamed(source: string): string[] {
  const named = textsOf(source).flatMap((text) =>
    [...text.matchAll(NAMES)].map(([, name]) => name),
  );
  return TABLES.filter((table) => named.includes(table));
}

test('only keys/ names its tables in SQL', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ name, tables: tablesNamed(readFileSync(join(SOURCES, name), 'utf8')) }))
    .filter(({ tables }) => tables.length > 0);
  expect(files.filter(({ name }) => !name.startsWith('keys/')).map(({ name }) => name)).toEqual([]);
  const found = new Set(files.flatMap(({ tables }) => tables));
  expect([...found].sort()).toEqual([...TABLES].sort());
});

test('finds a table in whatever form SQL names it, and no word of a sentence', () => {
  const named = (text: string) => tablesNamed(`const sql = ${text};`);
  expect(named('`SELECT * FROM shards s`')).toEqual(['shards']);
  expect(named("'DELETE FROM grants WHERE x = ?'")).toEqual(['grants']);
  expect(named('`INSERT INTO\n  orphans (a)`')).toEqual(['orphans']);
  expect(named('`UPDATE keys SET a = 1`')).toEqual(['keys']);
  expect(named('`SELECT 1 FROM a JOIN ciphertexts c`')).toEqual(['ciphertexts']);
  expect(named('`DROP TABLE IF EXISTS key_labels`')).toEqual(['key_labels']);
  expect(named('`x` // FROM shards')).toEqual([]);
  expect(named('/* FROM shards */ `x`')).toEqual([]);
  expect(named('`shards of a key`')).toEqual([]);
});
