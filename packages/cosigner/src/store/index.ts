/** All that a cosigner keeps between runs, behind one lock. */
import { type Lock, lockDirectory, makePrivateDirectory } from '@quorate/holder';
import type { CosignerConfig } from '../configShape.ts';
import type { CosignerPaths } from '../files.ts';
import { openEvidence } from './evidence.ts';
import { type KeyRecords, openKeyRecords } from './keyRecords.ts';
import type { RecordSeal } from './recordSeal.ts';
import { openSessionRecords, type SessionRecords } from './sessionRecords.ts';
import { openUnwanted, type Unwanted } from './unwanted.ts';
import { checkVersion, raiseVersion } from './version.ts';

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

/**
 * Opens the store.
 *
 * @throws SetupError for a store that is missing, newer, somebody else's or damaged; AgentError `store/locked`
 * when another process has it
 */
export function openStore(
  config: CosignerConfig,
  paths: CosignerPaths,
  now: () => number = Date.now,
): LockedStore {
  checkVersion(paths.inStore('version'), config.role, config.name);
  makePrivateDirectory(paths.store);
  const lock: Lock = lockDirectory(paths.store);
  try {
    raiseVersion(paths.inStore('version'), config.role, config.name);
    return {
      unwanted: openUnwanted(paths.inStore('unwanted')),
      sessions: openSessionRecords(
        paths.inStore('sessions'),
        config.role === 'enterprise' ? 1 : 2,
        now,
      ),
      keepEvidence: openEvidence(paths.inStore('evidence')),
      openKeys: (seal) => openKeyRecords(paths.inStore('keys'), seal),
      close: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
