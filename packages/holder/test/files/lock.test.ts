import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { lockDirectory } from '../../src/files/lock.ts';
import { type Owner, self } from '../../src/files/lockOwner.ts';

test('a directory held by another running process is refused, one of a dead process is not', () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'lock'), `${process.ppid}\n`);
  expect(() => lockDirectory(directory)).toThrow(new RegExp(`held by process ${process.ppid}`));
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  writeFileSync(join(directory, 'lock'), `${dead}\n`);
  lockDirectory(directory).release();
  expect(existsSync(join(directory, 'lock'))).toBe(false);
});

test('a lock is judged by boot, pid namespace and start time, not by the number alone', () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'lock');
  lockDirectory(directory).release();
  const own = { ...self(), host: hostname() };
  const lockedBy = (change: Partial<Owner>): void =>
    writeFileSync(file, JSON.stringify({ ...own, ...change }));
  const gone: Partial<Owner>[] = [{ started: '1' }, { boot: 'an earlier one' }, { started: null }];
  for (const change of gone) {
    lockedBy(change);
    lockDirectory(directory).release();
  }
  lockedBy({});
  expect(() => lockDirectory(directory)).toThrow(/held by process/);
  const elsewhere = { boot: 'another one', host: 'another host' };
  for (const change of [{ namespace: 'pid:[1]' }, elsewhere]) {
    lockedBy(change);
    expect(() => lockDirectory(directory)).toThrow(/another container or host/);
  }
  writeFileSync(file, 'torn');
  expect(() => lockDirectory(directory)).toThrow(/unknown process/);
});

test('a lock that somebody else takes over, or has taken over, is left alone', () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'lock');
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  writeFileSync(file, `${dead}\n`);
  writeFileSync(`${file}.claim`, '');
  expect(() => lockDirectory(directory)).toThrow(/taking over/);
  unlinkSync(`${file}.claim`);
  const lock = lockDirectory(directory);
  writeFileSync(file, 'of another process');
  lock.release();
  expect(readFileSync(file, 'utf8')).toBe('of another process');
  const left = readdirSync(directory).filter((name) => name.startsWith('lock'));
  expect(left).toEqual(['lock']);
});
