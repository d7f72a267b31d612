import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePipe } from '../../../test/support/pipe.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { thrownBy } from '../../../test/support/thrownBy.ts';
import { readOperatorFile } from '../src/files.ts';

/** A name in a new directory. */
const fresh = (): string => join(temporaryDirectory(), 'file');

function directory(): string {
  const path = fresh();
  mkdirSync(path, { mode: 0o700 });
  return path;
}

function linkTo(target: string): string {
  const path = fresh();
  symlinkSync(target, path);
  return path;
}

/** A file of that many bytes, none of them on the disk. */
function sparse(size: number): string {
  const path = fresh();
  writeFileSync(path, '', { mode: 0o600 });
  truncateSync(path, size);
  return path;
}

describe('a file that somebody names', () => {
  test('is read whole, also through a link and when it is empty', () => {
    const path = fresh();
    writeFileSync(path, 'name: value\n');
    expect(readOperatorFile(path).toString()).toBe('name: value\n');
    expect(readOperatorFile(linkTo(path)).toString()).toBe('name: value\n');
    expect(readOperatorFile(sparse(0))).toHaveLength(0);
  });

  test.each([
    ['a pipe without a writer', makePipe(), 'not-regular', 'is not a regular file'],
    ['a device that never ends', '/dev/zero', 'not-regular', 'is not a regular file'],
    ['a link to such a device', linkTo('/dev/zero'), 'not-regular', 'is not a regular file'],
    ['a directory', directory(), 'directory', 'is a directory'],
    ['a file that is too large', sparse(1024 * 1024 + 1), 'too-large', 'is larger than 1024 KiB'],
  ])('is refused if it is %s', (_, path, kind, message) => {
    expect(() => readOperatorFile(path)).toThrow(
      expect.objectContaining({ name: 'UnreadableFile', kind, message }),
    );
  });

  test('is read up to its bound', () => {
    expect(readOperatorFile(sparse(1024 * 1024))).toHaveLength(1024 * 1024);
    expect(readOperatorFile(sparse(5), { most: 5 })).toHaveLength(5);
    expect(() => readOperatorFile(sparse(6), { most: 5 })).toThrow(
      expect.objectContaining({ kind: 'too-large' }),
    );
  });

  test('that is missing is the error of the system', () => {
    expect(() => readOperatorFile(fresh())).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  test('is looked at before anything of it is read', () => {
    const refusal = new TypeError('somebody else owns it');
    const looking = (): Buffer =>
      readOperatorFile(sparse(2048 * 1024), {
        check: () => {
          throw refusal;
        },
      });
    expect(thrownBy(looking)).toBe(refusal);
  });
});

describe('a stream that a command reads', () => {
  const cat = (content: string, path: string): void => {
    spawn('sh', ['-c', `printf %s "$1" > "$2"`, 'sh', content, path], { stdio: 'ignore' });
  };

  test('is read up to its end, and waits for its writer', () => {
    const pipe = makePipe();
    cat('name: value\n', pipe);
    expect(readOperatorFile(pipe, { streams: true }).toString()).toBe('name: value\n');
  });

  test('is refused beyond its bound', () => {
    const pipe = makePipe();
    cat('123456', pipe);
    expect(() => readOperatorFile(pipe, { streams: true, most: 5 })).toThrow(
      expect.objectContaining({ kind: 'too-large' }),
    );
  });

  test.each([
    ['a device that never ends', '/dev/zero', 'not-regular'],
    ['nothing at all', '/dev/null', 'not-regular'],
    ['a directory', directory(), 'directory'],
    ['a file that is too large', sparse(1024 * 1024 + 1), 'too-large'],
  ])('is not %s', (_, path, kind) => {
    expect(() => readOperatorFile(path, { streams: true })).toThrow(
      expect.objectContaining({ kind }),
    );
  });
});
