import type { Database } from '../../src/store/database.ts';

/**
 * Lets a database's file grow no more, as on a full disk: SQLite itself refuses every new page, and rolls
 * back what was begun. Gives a function that makes room again.
 */
export async function fillDisk(database: Database): Promise<() => Promise<void>> {
  await database.transaction(async (tx) => {
    await tx.run('CREATE TABLE IF NOT EXISTS filler (bytes BLOB)');
    const { page_count: pages = 0 } =
      (await tx.get<{ page_count: number }>('PRAGMA page_count')) ?? {};
    await tx.get(`PRAGMA max_page_count = ${pages}`);
  });
  // Space freed earlier counts as room.
  for (let full = false; !full; ) {
    full = await database
      .transaction((tx) => tx.run('INSERT INTO filler (bytes) VALUES (?)', [new Uint8Array(3000)]))
      .then(
        () => false,
        () => true,
      );
  }
  return async () => {
    await database.transaction(async (tx) => {
      await tx.get('PRAGMA max_page_count = 1073741823');
    });
  };
}
