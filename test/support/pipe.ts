/** A named pipe that nobody writes: whoever opens it as a file waits for ever. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { temporaryDirectory } from './temporaryDirectory.ts';

/** Makes one that only its owner may read; gives its path. */
export function makePipe(): string {
  const path = join(temporaryDirectory(), 'pipe');
  execFileSync('mkfifo', ['-m', '600', path]);
  return path;
}
