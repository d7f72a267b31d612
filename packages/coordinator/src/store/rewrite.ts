/** Rewrites a database's file, so that it holds nothing that was ever deleted from it. */
import { dirname } from 'node:path';
import type { SqliteConnection } from './driver.ts';

/** Up to this size the copy stays in memory and never touches a disk. */
const IN_MEMORY = 512 * 1024 * 1024;

/**
 * Rewrites the file (`VACUUM`). The copy of a larger store is an unnamed file beside it, never in the system's
 * temporary folder, which may be smaller or on another disk.
 *
 * @throws StoreError `store/unavailable` when there is no room for it; the store is then unchanged
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
