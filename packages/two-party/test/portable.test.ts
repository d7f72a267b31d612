// Nothing that a browser runs of a session names a module of Node.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const PACKAGES = new URL('../../', import.meta.url).pathname;
const IMPORTED = /^(?:import|export)[^;]*?from '([^']+)';$/gms;

/** The source that a browser gets for an import; undefined for what is not of this repository. */
function sourceOf(name: string, from: string): string | undefined {
  if (name.startsWith('.')) return join(dirname(from), name);
  if (name === '#backend') return from.replace(/\/src\/.*$/, '/src/backend/portable.ts');
  const [, own, entry = ''] = /^@quorate\/([^/]+)(?:\/(.+))?$/.exec(name) ?? [];
  if (own === undefined) return undefined;
  const file = join(PACKAGES, own, 'src', entry, 'index.ts');
  return existsSync(file) ? file : join(PACKAGES, own, 'src', `${entry}.ts`);
}

test('the modules of a session, and all that they import, are there without Node', () => {
  const waiting = [join(PACKAGES, 'two-party/src/index.ts')];
  const seen = new Set(waiting);
  const strangers = new Set<string>();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(IMPORTED)) {
      const source = sourceOf(name, file);
      if (source === undefined) strangers.add(name.replace(/^(@[^/]+\/[^/]+|[^/]+).*$/, '$1'));
      else if (!seen.has(source)) {
        seen.add(source);
        waiting.push(source);
      }
    }
  }
  expect(seen.size).toBeGreaterThan(100);
  expect([...strangers].toSorted()).toEqual([
    '@noble/ciphers',
    '@noble/curves',
    '@noble/hashes',
    'zod',
  ]);
});
