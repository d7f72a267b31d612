import type { Tx } from './database.ts';

/** One step of a migration: a statement, or a function where SQL is not enough. */
export type MigrationStep = string | ((tx: Tx) => Promise<void>);
