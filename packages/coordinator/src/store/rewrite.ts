/** Writes a database's file anew, so that it holds nothing that was ever deleted from it. */
import { dirname } from 'node:path';
import type { SqliteConnection } from './driver.ts';

/** Up to this size the copy is held in memory: nothing of it comes onto a disk. */
const IN_MEMORY = 512 * 1024 * 1024;

/**
 * Writes the file anew (`VACUUM`). The copy of a larger store is a file beside it that has no name, never in the
 * system's temporary folder, which may be smaller, or another disk.
 *
 * @throws StoreError `store/unavailable` when there is no room for it; the store is then as before
 */
export function rewriteFile(writer: SqliteConnection, file: string): void {
  if (sizeOf(writer) <= IN_MEMORY) {
    writer.exec('PRAGMA temp_store = MEMORY');
    try {
      writer.exec('VACUUM');
    } finally {
      writer.exec('PRAGMA temp_store = DEFAULT');
    }
    return;
  }
  const before = process.env.SQLITE_TMPDIR;
  process.env.SQLITE_TMPDIR = dirname(file);
  try {
    writer.exec('VACUUM');
  } finally {
    if (before === undefined) delete process.env.SQLITE_TMPDIR;
    else process.env.SQLITE_TMPDIR = before;
  }
}

function sizeOf(writer: SqliteConnection): number {
  const row = writer
    .prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
    .get();
  return Number((row as { readonly bytes?: unknown } | undefined)?.bytes);
}
