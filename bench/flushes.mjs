// Counts the flushes (fsync, fdatasync) of every process that is started from here, and can make each take longer.
// It needs strace (Debian: apt-get install strace), which looks at these two calls only (--seccomp-bpf).
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function checkStrace() {
  try {
    execFileSync('strace', ['--version'], { stdio: 'ignore' });
  } catch {
    throw new Error('strace is missing: flushes are neither counted nor delayed without it');
  }
}

/**
 * Watches what `process.execPath` starts from now on. `delayMs` is added to every flush.
 * `count(pid)` gives the flushes of a process so far; `close()` leaves everything as it was.
 */
export function watchFlushes({ delayMs = 0 } = {}) {
  checkStrace();
  const directory = mkdtempSync(join(tmpdir(), 'quorate-flushes-'));
  const program = join(directory, 'node');
  const node = process.execPath;
  const inject = delayMs > 0 ? `-e inject=fsync,fdatasync:delay_exit=${delayMs * 1000}` : '';
  // The traced program stays the direct child of whoever starts it (-D), under the pid in the name of its file.
  writeFileSync(
    program,
    `#!/bin/sh
exec strace -D -f --seccomp-bpf -qq -e trace=fsync,fdatasync -e signal=none ${inject} -o '${directory}'/$$.calls '${node}' "$@"
`,
  );
  chmodSync(program, 0o700);
  process.execPath = program;
  return {
    count(pid) {
      const file = readdirSync(directory).find((name) => name === `${pid}.calls`);
      if (file === undefined) return 0;
      const text = readFileSync(join(directory, file), 'utf8');
      return text.match(/ (?:fsync|fdatasync)\(/g)?.length ?? 0;
    },
    close() {
      process.execPath = node;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
