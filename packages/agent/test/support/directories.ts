import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Runs something when the test, or the file, is over: `onTestFinished` or `afterAll`. */
export type Finished = (clean: () => void | Promise<void>) => void;

/** A directory that is gone when the test is over. */
export function temporaryDirectory(finished: Finished = onTestFinished): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-agent-'));
  finished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
