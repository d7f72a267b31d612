// Counts the flushes (fsync, fdatasync) of every process that is started from here, and can make each take longer.
// It needs strace (Debian: apt-get install strace), which looks at these two calls only (--seccomp-bpf).
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wrapNode } from './wrapNode.mjs';

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
  const inject = delayMs > 0 ? `-e inject=fsync,fdatasync:delay_exit=${delayMs * 1000}` : '';
  const trace = `strace -D -f --seccomp-bpf -qq -e trace=fsync,fdatasync -e signal=none ${inject}`;
  // The traced program stays the direct child of whoever starts it (-D), under the pid in the name of its file.
  const wrapped = wrapNode((node, into) => `exec ${trace} -o '${into}'/$$.calls '${node}' "$@"`);
  return {
    count(pid) {
      const file = readdirSync(wrapped.directory).find((name) => name === `${pid}.calls`);
      if (file === undefined) return 0;
      const text = readFileSync(join(wrapped.directory, file), 'utf8');
      return text.match(/ (?:fsync|fdatasync)\(/g)?.length ?? 0;
    },
    close: () => wrapped.close(),
  };
}
