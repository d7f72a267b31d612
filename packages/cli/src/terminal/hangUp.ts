/**
 * A terminal that goes away while a program uses it: a closed window, a lost connection.
 *
 * @module
 */
import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';

const STANDARD = [0, 1, 2];

/**
 * Lets this process end as it means to although its terminal is gone. Node 20 sets the terminal back at its end and
 * aborts where that fails, which writes the whole memory to a core file; a closed one it leaves alone.
 */
export function endWithoutTerminal(): void {
  const terminals = STANDARD.filter((fd) => isatty(fd));
  if (terminals.length === 0) return;
  process.on('exit', () => {
    for (const fd of terminals) if (!isatty(fd)) closeQuietly(fd);
  });
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // The terminal was closed before.
  }
}
