/**
 * The agent's own knowledge of each key, never taken from the coordinator: its holders, their pinned chip
 * keys, the possible count of the chip's releases, and the banned pairs.
 */
import {
  HolderError,
  isHolderError,
  makePrivateDirectory,
  removeIfPresent,
  replaceFile,
  syncDirectory,
} from '@quorate/holder';
import { join } from 'node:path';
import { type BanReserve, readReservedBans, type ReservedBan } from './banReserve.ts';
import { readKeyFolder } from './keyFolder.ts';
import {
  type Ban,
  bannedIndexes,
  fileName,
  formerFileName,
  type KeyRecord,
  keyRecordSchema,
  labelOf,
} from './keyRecord.ts';

/** The file of the reserve, in the folder of the records. */
export const RESERVE_FILE = 'bans.reserve';

/** The key records of one agent; every change is on disk when the call returns. */
export interface KeyRecords {
  /** By the key's id, hex. */
  find(keyId: string): KeyRecord | undefined;
  /** By a label: an address that leads to the key, in any case. */
  findByAddress(address: string): KeyRecord | undefined;
  findBySession(sessionKey: string): KeyRecord | undefined;
  list(): readonly KeyRecord[];
  /** Adds a pending key. @throws HolderError `store/exists` when the address or the key id is known (D-12). */
  add(record: KeyRecord): void;
  /** Replaces a record by a changed copy. */
  update(keyId: string, change: (record: KeyRecord) => KeyRecord): KeyRecord;
  /**
   * Bans parties, in the reserve if the record does not take it. If neither does, they are banned in this
   * process, and the whole key is stopped. @throws HolderError `store/failed`
   */
  ban(keyId: string, bans: readonly Ban[]): void;
  /** Whether the disk refused a ban of this key, so that nobody must use the key. */
  isStopped(keyId: string): boolean;
  /** Removes the record of a key generation that failed. */
  remove(keyId: string): void;
}

/**
 * Opens the folder of key records; without a reserve only to look: a running agent may have it open.
 * @throws HolderError `store/tampered` for a file that is not one
 */
export function openKeyRecords(directory: string, reserve?: BanReserve): KeyRecords {
  makePrivateDirectory(directory);
  return new KeyStore(directory, reserve);
}

class KeyStore implements KeyRecords {
  readonly #directory: string;
  readonly #reserve: BanReserve | undefined;
  readonly #records = new Map<string, KeyRecord>();
  /** Key ids by label: an address in lower case. */
  readonly #labels = new Map<string, string>();
  readonly #stopped = new Set<string>();

  constructor(directory: string, reserve: BanReserve | undefined) {
    this.#directory = directory;
    this.#reserve = reserve;
    const { records, former } = readKeyFolder(directory);
    for (const record of records) this.#remember(record);
    const reserved = this.#takeReserved();
    if (reserve === undefined) return;
    ifPossible(() => {
      for (const keyId of new Set([...former, ...reserved])) this.#rewrite(keyId);
      reserve.empty();
    });
  }

  find(keyId: string): KeyRecord | undefined {
    return this.#records.get(keyId);
  }

  findByAddress(address: string): KeyRecord | undefined {
    const keyId = this.#labels.get(labelOf(address));
    return keyId === undefined ? undefined : this.#records.get(keyId);
  }

  findBySession(sessionKey: string): KeyRecord | undefined {
    return this.list().find((record) => record.session_key === sessionKey);
  }

  list(): readonly KeyRecord[] {
    return [...this.#records.values()];
  }

  add(record: KeyRecord): void {
    const taken = this.#records.has(record.key_id) || this.findByAddress(record.address);
    if (taken) throw new HolderError('store/exists', `key ${record.address} exists already`);
    this.#write(keyRecordSchema.parse(record));
  }

  update(keyId: string, change: (record: KeyRecord) => KeyRecord): KeyRecord {
    const changed = keyRecordSchema.parse(change(this.#known(keyId)));
    this.#write(changed);
    return changed;
  }

  ban(keyId: string, bans: readonly Ban[]): void {
    const record = this.#known(keyId);
    const banned = bannedIndexes(record);
    const added = bans.filter((ban) => !banned.includes(ban.part_index));
    if (added.length === 0 && !this.#stopped.has(keyId)) return;
    const changed = { ...record, bans: [...record.bans, ...added] };
    this.#remember(changed);
    this.#stopped.add(keyId);
    try {
      this.#write(keyRecordSchema.parse(changed));
    } catch (error) {
      if (this.#reserve === undefined || !isHolderError(error, 'store/failed')) throw error;
      this.#reserve.keep(keyId, added.length > 0 ? added : changed.bans);
    }
    this.#stopped.delete(keyId);
  }

  isStopped(keyId: string): boolean {
    return this.#stopped.has(keyId);
  }

  remove(keyId: string): void {
    const record = this.#records.get(keyId);
    if (!record) return;
    // One of a former version is there as long as the disk did not take the new one.
    removeIfPresent(join(this.#directory, formerFileName(record)));
    removeIfPresent(join(this.#directory, fileName(record)));
    syncDirectory(this.#directory);
    this.#records.delete(keyId);
    this.#labels.delete(labelOf(record.address));
  }

  #known(keyId: string): KeyRecord {
    const record = this.#records.get(keyId);
    if (!record) throw new HolderError('store/not-found', `key ${keyId} is unknown`);
    return record;
  }

  #remember(record: KeyRecord): void {
    this.#records.set(record.key_id, record);
    this.#labels.set(labelOf(record.address), record.key_id);
  }

  #write(record: KeyRecord): void {
    const file = join(this.#directory, fileName(record));
    replaceFile(file, `${JSON.stringify(record, null, 2)}\n`);
    this.#remember(record);
  }

  /** Writes a record in the present form; only then the file of a former version goes. */
  #rewrite(keyId: string): void {
    const record = this.#known(keyId);
    this.#write(record);
    removeIfPresent(join(this.#directory, formerFileName(record)));
    syncDirectory(this.#directory);
  }

  /** Writes the bans that a record did not take earlier; returns their keys. */
  #takeReserved(): ReadonlySet<string> {
    const changed = new Set<string>();
    const file = join(this.#directory, RESERVE_FILE);
    for (const reserved of this.#reserve?.list() ?? readReservedBans(file)) {
      const record = this.#bannedKey(reserved);
      const { ban } = reserved;
      if (record === undefined || bannedIndexes(record).includes(ban.part_index)) continue;
      this.#remember({ ...record, bans: [...record.bans, ban] });
      changed.add(record.key_id);
    }
    return changed;
  }

  /** A former version named the key by its address. */
  #bannedKey(reserved: ReservedBan): KeyRecord | undefined {
    return 'key_id' in reserved ? this.find(reserved.key_id) : this.findByAddress(reserved.address);
  }
}

/** Leaves files of a former version and reserved bans in place on a full disk: in memory they count. */
function ifPossible(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isHolderError(error, 'store/failed')) throw error;
  }
}
