import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, TestRunner } from 'vitest';

const lasting = new Set<string>();
process.once('exit', () => {
  for (const directory of lasting) remove(directory);
});

/** Makes a directory that is gone when the test that asks for it is over or, outside of a test, with the process. */
export function temporaryDirectory(): string {
  if (TestRunner.getCurrentTest() === undefined) return lastingDirectory();
  const directory = make();
  onTestFinished(() => remove(directory));
  return directory;
}

/** Makes a directory that is gone with the process. */
export function lastingDirectory(): string {
  const directory = make();
  lasting.add(directory);
  return directory;
}

const make = (): string => mkdtempSync(join(tmpdir(), 'quorate-test-'));

const remove = (directory: string): void =>
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
