import type { Tx } from './database.ts';

/** One step of a migration: a statement, or what no statement can say. */
export type MigrationStep = string | ((tx: Tx) => Promise<void>);
