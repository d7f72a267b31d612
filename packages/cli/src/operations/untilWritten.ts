/**
 * A file that somebody else writes.
 *
 * @module
 */
import { existsSync } from 'node:fs';

const LOOK_EVERY_MS = 250;

/** Waits until a file is there; whoever writes it renames it into its place. */
export async function untilWritten(path: string): Promise<void> {
  while (!existsSync(path)) {
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_EVERY_MS);
    });
  }
}
