import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KeyFileError, loadOrCreateKey } from '../../src/auth/keyFile.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('key files', () => {
  test('1.9.13 are made with mode 600 in a directory of mode 700, and nothing else is left', () => {
    const file = join(temporaryDirectory(), 'keys', 'jwt.pem');
    const key = loadOrCreateKey(file, 'ed25519');
    expect(mode(file)).toBe('600');
    expect(mode(join(file, '..'))).toBe('700');
    expect(readdirSync(join(file, '..'))).toEqual(['jwt.pem']);
    expect(loadOrCreateKey(file, 'ed25519').equals(key)).toBe(true);
  });

  test('1.9.13 are refused if others can read them', () => {
    const file = join(temporaryDirectory(), 'jwt.pem');
    loadOrCreateKey(file, 'p256');
    for (const bits of [0o640, 0o604, 0o660, 0o666]) {
      chmodSync(file, bits);
      expect(() => loadOrCreateKey(file, 'p256')).toThrow(/mode .* expected 600/);
    }
    chmodSync(file, 0o400);
    expect(() => loadOrCreateKey(file, 'p256')).not.toThrow();
  });

  test('of another kind or without a key are refused, and not overwritten', () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'jwt.pem');
    loadOrCreateKey(file, 'p256');
    expect(() => loadOrCreateKey(file, 'ed25519')).toThrow(KeyFileError);
    const broken = join(directory, 'broken.pem');
    writeFileSync(broken, 'secret text', { mode: 0o600 });
    expect(() => loadOrCreateKey(broken, 'ed25519')).toThrow(KeyFileError);
    expect(() => loadOrCreateKey(broken, 'ed25519')).not.toThrow(/secret text/);
  });

  test('X-3: are refused at once unless regular files: a pipe would block the start for ever', () => {
    const directory = temporaryDirectory();
    const folder = join(directory, 'folder.pem');
    mkdirSync(folder, { mode: 0o700 });
    const pipe = join(directory, 'pipe.pem');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    for (const file of [folder, pipe]) {
      const refusal = new KeyFileError(`${file} is not a regular file`);
      expect(() => loadOrCreateKey(file, 'ed25519')).toThrow(refusal);
    }
  });

  test('differ from server to server', () => {
    const [one, two] = [1, 2].map(() =>
      loadOrCreateKey(join(temporaryDirectory(), 'key.pem'), 'ed25519'),
    );
    expect(one!.equals(two!)).toBe(false);
  });
});
