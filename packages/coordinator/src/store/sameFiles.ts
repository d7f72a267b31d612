/**
 * Whether the files of an open database are still where they were opened. SQLite goes on writing into a file that
 * was removed or moved, without an error: everything would be gone with the end of the process.
 */
import { statSync } from 'node:fs';
import { StoreError } from './database.ts';

/** The files of one database. */
export class SameFiles {
  readonly #known: ReadonlyMap<string, string | undefined>;

  /** Notes the files as they are now. */
  constructor(paths: readonly string[]) {
    this.#known = new Map(paths.map((path) => [path, identityOf(path)]));
  }

  /**
   * Checks that every file is the one that was noted.
   *
   * @throws StoreError `store/unavailable`
   */
  check(): void {
    for (const [path, known] of this.#known) {
      if (identityOf(path) === known) continue;
      const cause = new Error('its file was removed, moved or replaced; restart the server');
      throw new StoreError('store/unavailable', `${path}: ${cause.message}`, { cause });
    }
  }
}

/** What tells one file from another; nothing for one that is not there. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}/${found.ino}`;
}
