/** Numbered migrations, each applied once and in order, with its number in the same transaction. */
import { statements as audit } from '../audit/schema.ts';
import { logins, serverKeys, statements as auth } from '../auth/schema.ts';
import { replacement } from '../replacement/schema.ts';
import { retirement, statements as chips, unblocking } from '../chips/schema.ts';
import { oneLife, records, statements as keys } from '../keys/schema.ts';
import { acceptance, byAddress, statements as session } from '../session/schema.ts';
import { bodies, clients, statements as delivery } from '../delivery/schema.ts';
import { StoreError, type Tx } from './database.ts';
import { probe } from './probe.ts';
import type { MigrationStep } from './migrationStep.ts';

/** One version of the schema. */
export type Migration =
  | { readonly version: number; readonly statements: readonly MigrationStep[] }
  /** Rewrites the file, without anything that was ever deleted from it. */
  | { readonly version: number; readonly rewrite: true };

/** All migrations, by ascending version. Never change a released one. */
export const migrations: readonly Migration[] = [
  { version: 1, statements: [...auth, ...chips, ...audit, ...delivery, ...session, ...keys] },
  { version: 2, statements: retirement },
  { version: 3, statements: [...records, ...byAddress] },
  { version: 4, statements: replacement },
  { version: 5, statements: serverKeys },
  { version: 6, statements: logins },
  { version: 7, statements: probe },
  { version: 8, statements: unblocking },
  { version: 9, statements: acceptance },
  { version: 10, statements: clients },
  { version: 11, statements: oneLife },
  { version: 12, rewrite: true },
  { version: 13, statements: bodies },
];

/** The connection that migrates. */
export interface Migrating {
  readonly tx: Tx;
  readonly exec: (sql: string) => void;
  /** Rewrites the file. @throws StoreError `store/unavailable` when there is no room for it */
  readonly rewrite: () => void;
  /** Told when the file could not be rewritten; the next start tries again. */
  readonly onPostponed: (error: StoreError) => void;
}

/**
 * Brings the database to the newest version. If the file cannot be rewritten now, work goes on: it has the
 * newest form, and everything deleted since is zeros already.
 *
 * @throws StoreError `store/newer-version` when a newer program has already migrated it
 */
export async function migrate(
  { tx, exec, rewrite, onPostponed }: Migrating,
  list: readonly Migration[],
): Promise<void> {
  exec('CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY)');
  const rows = await tx.all<{ version: number }>('SELECT version FROM schema_versions');
  const applied = new Set(rows.map(({ version }) => version));
  const current = Math.max(0, ...applied);
  const newest = list.at(-1)?.version ?? 0;
  if (current > newest) {
    throw new StoreError(
      'store/newer-version',
      `the store has version ${current}, this program knows versions up to ${newest}: use the newer program`,
    );
  }
  for (const migration of list.filter(({ version }) => !applied.has(version))) {
    if ('rewrite' in migration) {
      try {
        rewrite();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        onPostponed(error);
        continue;
      }
    }
    exec('BEGIN IMMEDIATE');
    try {
      for (const step of 'rewrite' in migration ? [] : migration.statements) {
        await (typeof step === 'string' ? exec(step) : step(tx));
      }
      await tx.run('INSERT INTO schema_versions (version) VALUES (?)', [migration.version]);
      exec('COMMIT');
    } catch (error) {
      exec('ROLLBACK');
      throw error;
    }
  }
}
