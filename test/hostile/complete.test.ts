// Nothing that reads foreign bytes can be forgotten: what looks like a reader, or has a schema, is in the
// table of parsers or in the list of those that read nothing foreign, with the reason.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ELSEWHERE } from './elsewhere.ts';
import { PARSERS } from './parsers/index.ts';

const PACKAGES = new URL('../../packages/', import.meta.url).pathname;

const files = readdirSync(PACKAGES).flatMap((name) =>
  readdirSync(join(PACKAGES, name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => `${name}/src/${file}`),
);
const covered = new Set(PARSERS.flatMap(({ covers }) => covers));
const known = (place: string): boolean => covered.has(place) || Object.hasOwn(ELSEWHERE, place);

/** Exported functions, and static methods, that read something. */
const READER =
  /^export (?:async )?function\*? ((?:parse|decode|read)\w*)|^ {2}static (?:async )?(decode\w*|parse\w*)/gm;

function readersIn(file: string): string[] {
  const text = readFileSync(join(PACKAGES, file), 'utf8');
  return [...text.matchAll(READER)].map(([, name, method]) => `${file}#${name ?? method}`);
}

const hasSchema = (file: string): boolean =>
  /^import \{ (?:type \w+, )?z\b/m.test(readFileSync(join(PACKAGES, file), 'utf8'));

describe('X-1: the suite', () => {
  const readers = files.flatMap(readersIn);

  test('finds the readers', () => {
    expect(readers).toContain('intent/src/certificate.ts#decodeCertificate');
    expect(readers).toContain('tss/src/dkls23/keyshare.ts#decode');
    expect(readers.length).toBeGreaterThan(50);
  });

  test.each(readers)('%s is in it', (reader) => {
    expect(known(reader)).toBe(true);
  });

  // Those of the wire are found through its exports and routes: schemas.test.ts.
  const schemas = files.filter((file) => !file.startsWith('wire/') && hasSchema(file));

  test('finds the schemas', () => {
    expect(schemas).toContain('agent/src/config.ts');
    expect(schemas.length).toBeGreaterThan(20);
  });

  test.each(schemas)('the schemas of %s are in it', (file) => {
    expect(known(file)).toBe(true);
  });

  test.each(Object.keys(ELSEWHERE))('%s still exists, and is not in it', (place) => {
    const [file = ''] = place.split('#');
    expect(covered.has(place)).toBe(false);
    expect(place.includes('#') ? readersIn(file).includes(place) : files.includes(file)).toBe(true);
  });

  test.each([...covered])('%s still exists', (place) => {
    const [file = ''] = place.split('#');
    expect(files).toContain(file);
    if (place.includes('#')) expect(readersIn(file)).toContain(place);
  });
});
