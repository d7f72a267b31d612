/**
 * The record of each key at this side: its sealed keyshare, its lock, and the keyshare of an unconfirmed
 * refresh. Every change is on disk when the call returns.
 */
import {
  makePrivateDirectory,
  type Releases,
  removeIfPresent,
  syncDirectory,
} from '@quorate/holder';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { explainedBy } from '../releases.ts';
import {
  type KeyRecord,
  readKeyRecord,
  type ReadRecord,
  tampered,
  writeKeyRecord,
} from './keyRecord.ts';
import { type ModulusHistory, openModulusHistory } from './moduli.ts';
import { openPermits, type Permits, type Withdrawn } from './permits.ts';
import type { RecordSeal } from './recordSeal.ts';
import { isGenuine, type ReleaseEntry, releaseEntry, withCounts } from './releaseEntry.ts';
import type { StoreJournal } from './storeJournal.ts';

export type { KeyRecord, StoredShare } from './keyRecord.ts';

/** The keys of one store. */
export interface KeyRecords {
  find(sessionId: string): KeyRecord | undefined;
  list(): readonly KeyRecord[];
  add(record: KeyRecord): void;
  update(sessionId: string, change: (record: KeyRecord) => KeyRecord): KeyRecord;
  /** Counts releases of a key's share; on disk when the call returns. */
  count(sessionId: string, releases: Releases): void;
  /**
   * Withdraws a permit of a key: a lock, before its record says so. It needs no room on the disk. On disk when
   * the call returns.
   */
  withdraw(sessionId: string, lock: Withdrawn): void;
  /** Whether a permit could be withdrawn now. */
  canWithdraw(): boolean;
  /** Keys whose lock was on disk only as a missing permit when the store was opened. */
  readonly found: readonly string[];
  /** Removes a key that never became active. */
  remove(sessionId: string): void;
  /** Every modulus of every share ever stored. */
  moduli(): bigint[];
  /** Whether moduli share no factor with any of those, nor with each other. */
  areNew(moduli: readonly bigint[]): boolean;
  /** Registers who is told that a lock of a key is on disk and the chip has to follow. */
  onDue(listener: (sessionId: string) => void): void;
}

/**
 * Opens the folder, with the counts in the journal; both must bear this store's tags.
 * @throws SetupError `store/tampered`
 */
export function openKeyRecords(
  directory: string,
  seal: RecordSeal,
  journal: StoreJournal,
): KeyRecords {
  makePrivateDirectory(directory);
  const read = readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .map((name) => {
      const path = join(directory, name);
      const one = readKeyRecord(path, seal);
      if (name !== `${one.record.session_id}.json`) throw tampered(path, 'its name');
      return one;
    });
  const history = openModulusHistory(join(directory, 'moduli.log'), seal);
  for (const { record } of read) {
    if (moduliOf(record).every((modulus) => history.has(modulus))) continue;
    throw tampered(join(directory, 'moduli.log'), `moduli of ${record.session_id} are missing`);
  }
  const store = new KeyStore({ directory, seal, history, journal });
  store.load(read);
  return store;
}

class KeyStore implements KeyRecords {
  readonly found: string[] = [];
  readonly #directory: string;
  readonly #seal: RecordSeal;
  readonly #history: ModulusHistory;
  readonly #permits: Permits;
  readonly #journal: StoreJournal;
  readonly #records = new Map<string, KeyRecord>();
  /** The tags of the records in place. */
  readonly #tags = new Map<string, string>();
  readonly #releases: Map<string, ReleaseEntry>;
  #tellDue: ((sessionId: string) => void) | undefined;

  constructor(of: {
    readonly directory: string;
    readonly seal: RecordSeal;
    readonly history: ModulusHistory;
    readonly journal: StoreJournal;
  }) {
    this.#directory = of.directory;
    this.#seal = of.seal;
    this.#history = of.history;
    this.#journal = of.journal;
    this.#releases = new Map(of.journal.state.releases);
    of.journal.keepReleases(() => this.#releases.values());
    this.#permits = openPermits(join(of.directory, 'permits'));
  }

  load(read: readonly ReadRecord[]): void {
    for (const entry of this.#releases.values()) {
      if (!isGenuine(entry, this.#seal)) throw tampered('journal', `the counts of ${entry.key}`);
    }
    for (const { record, mac } of read) {
      const { session_id: id } = record;
      const counts = this.#releases.get(id);
      this.#tags.set(id, mac);
      // Of an earlier record they are in the present one.
      this.#records.set(id, counts?.record === mac ? withCounts(record, counts) : record);
    }
    for (const one of read.filter(({ record }) => hasPermits(record))) this.#permit(one);
    this.#permits.keepOnly(this.list().filter(hasPermits));
  }

  /** Writes a lock that is on disk as a missing permit into the record; keys of an older store get permits. */
  #permit({ record, withoutPermits }: ReadRecord): void {
    const { lock } = record;
    if (withoutPermits) {
      this.#permits.grant(record, lock.state);
      this.#write(this.#find(record.session_id));
      return;
    }
    if (!this.#permits.exist()) throw tampered(this.#directory, 'permits is missing');
    const says = this.#permits.lockOf(record);
    if (RANK[says] <= RANK[lock.state]) return;
    const change = { ...lock, state: says, session_id: null, at: null };
    this.update(record.session_id, (current) => ({ ...current, lock: change }));
    this.found.push(record.session_id);
  }

  find(sessionId: string): KeyRecord | undefined {
    return this.#records.get(sessionId);
  }

  list(): KeyRecord[] {
    return [...this.#records.values()];
  }

  add(record: KeyRecord): void {
    if (this.#records.has(record.session_id)) throw new Error('unreachable: a key twice');
    if (hasPermits(record)) this.#permits.grant(record, record.lock.state);
    this.#write(record);
  }

  update(sessionId: string, change: (record: KeyRecord) => KeyRecord): KeyRecord {
    const before = this.#find(sessionId);
    try {
      const after = withReleases(before, change(before));
      // Permits are granted before the record that allows an act, and withdrawn before the record that forbids
      // it.
      if (isNewShare(before, after)) this.#permits.grant(after, after.lock.state);
      else if (isNewLock(before, after)) this.withdraw(sessionId, after.lock.state);
      return this.#write(after);
    } finally {
      const { releases } = this.#find(sessionId);
      if (releases.due !== before.releases.due) this.#tellDue?.(sessionId);
    }
  }

  count(sessionId: string, releases: Releases): void {
    const record = this.#find(sessionId);
    const place = { key: sessionId, record: this.#tags.get(sessionId) ?? '' };
    const entry = releaseEntry(this.#seal, place, releases);
    this.#journal.appendSync(entry);
    this.#releases.set(sessionId, entry);
    this.#records.set(sessionId, withCounts(record, releases));
  }

  withdraw(sessionId: string, lock: KeyRecord['lock']['state']): void {
    const record = this.#find(sessionId);
    if (hasPermits(record) && lock !== 'none') this.#permits.withdraw(record, lock);
  }

  canWithdraw(): boolean {
    return this.#permits.areDeletable();
  }

  remove(sessionId: string): void {
    removeIfPresent(this.#fileOf(sessionId));
    syncDirectory(this.#directory);
    this.#records.delete(sessionId);
  }

  moduli(): bigint[] {
    return this.#history.all();
  }

  areNew(moduli: readonly bigint[]): boolean {
    return this.#history.isNew(moduli);
  }

  onDue(listener: (sessionId: string) => void): void {
    this.#tellDue = listener;
  }

  #find(sessionId: string): KeyRecord {
    const record = this.#records.get(sessionId);
    if (record === undefined) throw new Error('unreachable: a change of no key');
    return record;
  }

  #fileOf(sessionId: string): string {
    return join(this.#directory, `${sessionId}.json`);
  }

  #write(record: KeyRecord): KeyRecord {
    this.#history.add(moduliOf(record));
    writeKeyRecord(this.#fileOf(record.session_id), record, this.#seal, (mac) => {
      this.#tags.set(record.session_id, mac);
      this.#records.set(record.session_id, record);
    });
    return record;
  }
}

const RANK = { none: 0, refreshable: 1, terminal: 2 } as const;

/** Only P1 locks, and only a key in use. */
function hasPermits({ index, state }: KeyRecord): boolean {
  return index === 1 && state === 'active';
}

function isNewShare(before: KeyRecord, after: KeyRecord): boolean {
  const changed = before.state !== after.state || before.share.epoch !== after.share.epoch;
  return hasPermits(after) && changed;
}

function isNewLock(before: KeyRecord, after: KeyRecord): boolean {
  return RANK[after.lock.state] > RANK[before.lock.state];
}

const moduliOf = ({ share, next }: KeyRecord): string[] => [
  ...share.moduli,
  ...(next?.share.moduli ?? []),
];

/**
 * Notes the counts that the record explains. With a lock, the chip's count has to pass every count that an
 * earlier record explains, so that none of them can be restored (E-1).
 */
function withReleases(before: KeyRecord, after: KeyRecord): KeyRecord {
  const { releases, lock } = after;
  const locked = lock.state !== 'none' && lock.state !== before.lock.state;
  const due = locked ? before.releases.explained : releases.due;
  return { ...after, releases: { ...releases, explained: explainedBy(releases), due } };
}
