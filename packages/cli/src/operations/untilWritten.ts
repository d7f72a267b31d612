/**
 * Waits for a line that somebody else writes into a file.
 *
 * @module
 */
import { existsSync } from 'node:fs';
import { readText } from '../files.ts';

const LOOK_EVERY_MS = 250;

/** Waits until a file holds a whole line, and returns it; a line without its end is not whole yet. */
export async function untilWritten(path: string, what: string): Promise<string> {
  for (;;) {
    const text = existsSync(path) ? readText(path, what) : '';
    if (text.endsWith('\n')) return text.trim();
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_EVERY_MS);
    });
  }
}
