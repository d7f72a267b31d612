// Puts a script in the place of Node: whatever is started from here by `process.execPath` goes through it.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * `command(node, directory)` gives the shell command in which `"$@"` are the program's arguments; `directory` is for
 * what it writes. `close()` leaves everything as it was.
 */
export function wrapNode(command) {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-bench-'));
  const program = join(directory, 'node');
  const node = process.execPath;
  writeFileSync(program, `#!/bin/sh\n${command(node, directory)}\n`);
  chmodSync(program, 0o700);
  process.execPath = program;
  return {
    directory,
    close() {
      process.execPath = node;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
