import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { makePipe } from '../../../test/support/pipe.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { readJson, readText, writeDurably } from '../src/files.ts';
import { readSecretFile } from '../src/secrets.ts';

let directory = '';

beforeEach(() => {
  directory = temporaryDirectory();
});

function secretFile(content: string | Uint8Array, mode = 0o600): string {
  const path = join(directory, 'secret');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe('secret files', () => {
  test('line ends at the end are dropped, inner bytes are kept', () => {
    const read = readSecretFile(secretFile(' a\nb\r\n\n'), 'pin');
    expect(new TextDecoder().decode(read)).toBe(' a\nb');
  });

  test('W-10: a byte order mark is no part of a secret', () => {
    const read = readSecretFile(secretFile(Buffer.from('\ufeff1234\n')), 'pin');
    expect([...read]).toEqual([0x31, 0x32, 0x33, 0x34]);
  });

  test.each([0o640, 0o604, 0o620, 0o602, 0o666])(
    '1.9.13 a file that others can use is refused (mode %i)',
    (mode) => {
      expect(() => readSecretFile(secretFile('1234', mode), 'pin')).toThrow(/read by others/);
    },
  );

  test.each([makePipe(), '/dev/zero'])('%s is no file, and nobody waits for it', (path) => {
    expect(() => readSecretFile(path, 'pin')).toThrow(`pin file ${path} is not a file`);
  });

  test('a device is no input file', () => {
    const cannotBeRead = 'roster /dev/zero cannot be read: is not a regular file';
    expect(() => readText('/dev/zero', 'roster')).toThrow(cannotBeRead);
    expect(() => readJson('/dev/zero', 'roster')).toThrow(cannotBeRead);
  });

  test.each(['', '\n', '\r\n'])('an empty file is refused (%j)', (content) => {
    expect(() => readSecretFile(secretFile(content), 'pin')).toThrow(/empty/);
  });

  test('a large file is refused', () => {
    expect(() => readSecretFile(secretFile(new Uint8Array(65 * 1024)), 'pin')).toThrow(/64 KiB/);
  });

  test('a directory is refused', () => {
    chmodSync(directory, 0o700);
    expect(() => readSecretFile(directory, 'pin')).toThrow(/not a file/);
  });

  test('a missing file says so', () => {
    expect(() => readSecretFile(join(directory, 'none'), 'pin')).toThrow(/cannot be read/);
  });
});

describe('private files', () => {
  test('1.9.13 a private file is 0600 in a directory of 0700', () => {
    const path = join(directory, 'made', 'token');
    writeDurably(path, 'x', { private: true, makeDirectory: true });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'made')).mode & 0o777).toBe(0o700);
  });

  test('a directory that is not there is named, and not made silently', () => {
    const path = join(directory, 'none', 'token');
    const write = () => writeDurably(path, 'x', { private: true });
    expect(write).toThrow(`there is no directory ${join(directory, 'none')} for token`);
    expect(existsSync(join(directory, 'none'))).toBe(false);
  });

  test('a fresh file never replaces another', () => {
    const path = secretFile('old');
    expect(() => writeDurably(path, 'new', { private: true, fresh: true })).toThrow(/exists/);
  });

  test('a failed write leaves no temporary file', () => {
    expect(() => writeDurably(directory, 'x', { private: false })).toThrow(/cannot be written/);
    expect(statSync(directory).isDirectory()).toBe(true);
  });
});
