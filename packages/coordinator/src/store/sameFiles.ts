/**
 * Notices when the files of an open database were removed or moved. SQLite keeps writing into such a file
 * without an error, and everything would be lost when the process ends.
 */
import { statSync } from 'node:fs';
import { StoreError } from './database.ts';

/** The files of one database. */
export class SameFiles {
  readonly #known: ReadonlyMap<string, string | undefined>;

  /** Records the identity of the files. */
  constructor(paths: readonly string[]) {
    this.#known = new Map(paths.map((path) => [path, identityOf(path)]));
  }

  /**
   * Checks that every file is still the recorded one.
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

/** The identity of a file; undefined if it does not exist. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}/${found.ino}`;
}
