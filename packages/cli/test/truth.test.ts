// Pages and messages name only things that exist.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);

/** The files of a folder by their paths from the root. */
function filesOf(folder: string, kind: RegExp): string[] {
  return readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => kind.test(name))
    .map((name) => folder + name);
}

test('Z-17: nothing advises a refresh of group keys, which have none', () => {
  const sources = ['agent', 'coordinator', 'tss', 'wire', 'console', 'cli'].flatMap((name) =>
    filesOf(`packages/${name}/src/`, /\.tsx?$/),
  );
  const pages = ['README.md', 'SECURITY.md', ...filesOf('docs/', /\.md$/)];
  // Two-party keys have one.
  const texts = [...sources, ...pages].filter((path) => !/cosigner|lindell17/.test(path));
  expect(texts.length).toBeGreaterThan(100);
  const advice = /(needs?|until|before|by) (a|the) refresh\b/i;
  const found = texts.filter((path) => advice.test(readFileSync(new URL(path, ROOT), 'utf8')));
  expect(found).toEqual([]);
});

test('Z-17: no page says that every chip is virtual, beside cards and tokens', () => {
  const security = readFileSync(new URL('SECURITY.md', ROOT), 'utf8');
  expect(security).not.toMatch(/only chip is virtual/);
  expect(security).toMatch(/PKCS#11 token/);
});
