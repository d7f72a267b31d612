import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePipe } from '../../../../test/support/pipe.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { readSecretBytes } from '../../src/files/secretFile.ts';

/** A name in a new directory. */
const fresh = (): string => join(temporaryDirectory(), 'file');

function directory(): string {
  const path = fresh();
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** A file of that many bytes, none of them on the disk. */
function sparse(size: number): string {
  const path = fresh();
  writeFileSync(path, '', { mode: 0o600 });
  truncateSync(path, size);
  return path;
}

describe('a file of a secret', () => {
  test.each([
    ['a pipe without a writer', makePipe(), 'config/invalid', 'is not a regular file'],
    ['a directory', directory(), 'config/invalid', 'is a directory'],
    ['larger than 64 KiB', sparse(64 * 1024 + 1), 'config/invalid', 'is larger than 64 KiB'],
    ['missing', fresh(), 'store/not-found', 'is missing'],
  ])('is refused if it is %s', (_, path, code, why) => {
    expect(() => readSecretBytes(path)).toThrow(
      expect.objectContaining({ code, message: `${path} ${why}` }),
    );
  });

  test('is refused if others can read it, and is named', () => {
    const file = join(temporaryDirectory(), 'pin');
    writeFileSync(file, '1234', { mode: 0o644 });
    expect(() => readSecretBytes(file)).toThrow(/mode 644; expected 600/);
  });
});
