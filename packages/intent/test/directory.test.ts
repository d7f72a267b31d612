import { execFileSync } from 'node:child_process';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { makeDirectories } from '../src/directory.ts';

describe('directories that are made', () => {
  let place: string;
  beforeAll(() => {
    place = temporaryDirectory();
  });

  const modeOf = (path: string): number => statSync(path).mode & 0o777;

  test('with those above them, each for its owner alone', () => {
    makeDirectories(join(place, 'a', 'b', 'c'));
    for (const path of ['a', 'a/b', 'a/b/c']) expect(modeOf(join(place, path))).toBe(0o700);
  });

  test('leave alone what exists', () => {
    chmodSync(place, 0o750);
    makeDirectories(place);
    expect(modeOf(place)).toBe(0o750);
  });

  test('a file in the place of one, or above it, is named', () => {
    const file = join(place, 'file');
    writeFileSync(file, '');
    const code = expect.objectContaining({ code: 'ENOTDIR' });
    expect(() => makeDirectories(file)).toThrow(code);
    expect(() => makeDirectories(join(file, 'below'))).toThrow(code);
  });

  test.runIf(process.platform === 'linux')(
    'X-3: end where the file system denies the parent',
    () => {
      const source = new URL('../dist/directory.js', import.meta.url).href;
      const script = `import { makeDirectories } from ${JSON.stringify(source)};
      try { makeDirectories('/proc/none/below') } catch (error) { console.log(error.code) }`;
      const args = ['--input-type=module', '--eval', script];
      // In a process of its own, since a call that never returns cannot be ended from within.
      expect(execFileSync(process.execPath, args, { timeout: 20_000 }).toString().trim()).toBe(
        'ENOENT',
      );
    },
  );
});
