/** All that a cosigner keeps between runs, behind one lock. */
import {
  type Lock,
  lockDirectory,
  type Logger,
  makePrivateDirectory,
  silentLogger,
} from '@quorate/holder';
import { existsSync } from 'node:fs';
import type { CosignerConfig } from '../configShape.ts';
import { SetupError } from '../errors.ts';
import type { CosignerPaths } from '../files.ts';
import type { StoreEntry } from './entries.ts';
import { openEvidence } from './evidence.ts';
import { readFormerSessions, removeFormerSessions } from './formerSessions.ts';
import { type KeyRecords, openKeyRecords } from './keyRecords.ts';
import type { RecordSeal } from './recordSeal.ts';
import { openSessionRecords, type SessionRecords } from './sessionRecords.ts';
import { StoreJournal } from './storeJournal.ts';
import { openUnwanted, type Unwanted } from './unwanted.ts';
import { checkVersion, createVersion, JOURNAL_SINCE, raiseVersion } from './version.ts';

/** The open store of one cosigner. */
export interface Store extends LockedStore {
  readonly keys: KeyRecords;
}

/** A store whose keys are not read yet: the chip holds the key that proves them its own. */
export interface LockedStore {
  readonly sessions: SessionRecords;
  readonly unwanted: Unwanted;
  /** Keeps signed messages that show a deviation, for the first sessions. */
  keepEvidence(sessionId: string, evidence: unknown): void;
  /** @throws SetupError `store/tampered` */
  openKeys(seal: RecordSeal): KeyRecords;
  close(): void;
}

/** Makes an empty store, its version last: without it nothing is opened. */
export function createStore({ role, name }: CosignerConfig, paths: CosignerPaths): void {
  const path = paths.inStore('journal');
  new StoreJournal({ path, first: () => [], logger: silentLogger }).close();
  createVersion(paths.inStore('version'), role, name);
}

/** A store before version 4 has a folder of sessions, which becomes the first entries of its journal. */
function openJournal(
  { role, name }: CosignerConfig,
  paths: CosignerPaths,
  logger: Logger,
): StoreJournal {
  const [path, former] = [paths.inStore('journal'), paths.inStore('formerSessions')];
  // The folder stays until the journal is there: it says that none was lost.
  if (checkVersion(paths.inStore('version'), role, name) < JOURNAL_SINCE) {
    makePrivateDirectory(former);
  }
  raiseVersion(paths.inStore('version'), role, name);
  if (!existsSync(path) && !existsSync(former)) {
    throw new SetupError('store/tampered', `${path} is missing`);
  }
  const sessions = existsSync(path) ? [] : readFormerSessions(former);
  const first = (): StoreEntry[] => sessions.map((record) => ({ entry: 'session', record }));
  const journal = new StoreJournal({ path, first, logger });
  removeFormerSessions(former);
  return journal;
}

/**
 * Opens the store.
 *
 * @throws SetupError for a store that is missing, newer, somebody else's or damaged; AgentError `store/locked`
 * when another process has it
 */
export function openStore(
  config: CosignerConfig,
  paths: CosignerPaths,
  logger: Logger = silentLogger,
): LockedStore {
  checkVersion(paths.inStore('version'), config.role, config.name);
  makePrivateDirectory(paths.store);
  const lock: Lock = lockDirectory(paths.store);
  try {
    const journal = openJournal(config, paths, logger);
    return {
      unwanted: openUnwanted(paths.inStore('unwanted')),
      sessions: openSessionRecords(journal, config.role === 'enterprise' ? 1 : 2, Date.now),
      keepEvidence: openEvidence(paths.inStore('evidence')),
      openKeys: (seal) => openKeyRecords(paths.inStore('keys'), seal, journal),
      close: () => {
        journal.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
