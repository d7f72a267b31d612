/**
 * The agent's own knowledge of each key, never taken from the coordinator: its holders, their pinned chip
 * keys, the possible count of the chip's releases, and the banned pairs.
 */
import { HolderError, isHolderError, type Releases } from '@quorate/holder';
import { reservedEntry } from './agentJournal.ts';
import type { BanReserve } from './banReserve.ts';
import type { AgentJournal } from './journalState.ts';
import { type Ban, bannedIndexes, type KeyRecord, keyRecordSchema } from './keyRecord.ts';

/** The key records of one agent; every change is on disk when the call returns, unless it says otherwise. */
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
  /** Writes the counts of a key; on disk when it resolves. */
  count(keyId: string, releases: Releases): Promise<void>;
  /** Notes a count that the attempts on disk explain; on disk with the next change of anything. */
  noteCount(keyId: string, releases: Releases): void;
  /**
   * Bans parties, in the reserve if the journal does not take it. If neither does, they are banned in this
   * process, and the whole key is stopped. @throws HolderError `store/failed`
   */
  ban(keyId: string, bans: readonly Ban[]): void;
  /** Whether the disk refused a ban of this key, or anything at all, so that nobody must use the key. */
  isStopped(keyId: string): boolean;
  /** Removes the record of a key generation that failed. */
  remove(keyId: string): void;
}

/** Opens the key records of a journal, and takes the bans of the reserve into it. */
export function openKeyRecords(opened: AgentJournal, reserve: BanReserve): KeyRecords {
  const keys = new KeyStore(opened, reserve);
  keys.takeReserved();
  return keys;
}

class KeyStore implements KeyRecords {
  readonly #state: AgentJournal['state'];
  readonly #journal: AgentJournal['journal'];
  readonly #reserve: BanReserve;
  readonly #stopped = new Set<string>();

  constructor({ state, journal }: AgentJournal, reserve: BanReserve) {
    this.#state = state;
    this.#journal = journal;
    this.#reserve = reserve;
  }

  find(keyId: string): KeyRecord | undefined {
    return this.#state.key(keyId);
  }

  findByAddress(address: string): KeyRecord | undefined {
    return this.#state.keyByAddress(address);
  }

  findBySession(sessionKey: string): KeyRecord | undefined {
    return this.list().find((record) => record.session_key === sessionKey);
  }

  list(): readonly KeyRecord[] {
    return this.#state.keys();
  }

  add(record: KeyRecord): void {
    const taken = this.find(record.key_id) ?? this.findByAddress(record.address);
    if (taken) throw new HolderError('store/exists', `key ${record.address} exists already`);
    this.#journal.appendSync({ type: 'key', record: keyRecordSchema.parse(record) });
  }

  update(keyId: string, change: (record: KeyRecord) => KeyRecord): KeyRecord {
    const record = keyRecordSchema.parse(change(this.#known(keyId)));
    this.#journal.appendSync({ type: 'key', record });
    return record;
  }

  async count(keyId: string, releases: Releases): Promise<void> {
    await this.#journal.append({ type: 'releases', key_id: this.#known(keyId).key_id, releases });
  }

  noteCount(keyId: string, releases: Releases): void {
    this.#journal.note({ type: 'releases', key_id: this.#known(keyId).key_id, releases });
  }

  ban(keyId: string, bans: readonly Ban[]): void {
    const record = this.#known(keyId);
    const banned = bannedIndexes(record);
    const added = bans.filter((ban) => !banned.includes(ban.part_index));
    if (added.length === 0 && !this.#stopped.has(keyId)) return;
    const entry = {
      type: 'bans',
      key_id: keyId,
      bans: added.length > 0 ? added : record.bans,
    } as const;
    // A journal that has failed takes nothing, not even into memory.
    this.#state.apply(entry);
    this.#stopped.add(keyId);
    try {
      this.#journal.appendSync(entry);
    } catch (error) {
      if (!isHolderError(error, 'store/failed')) throw error;
      this.#reserve.keep(keyId, entry.bans);
    }
    this.#stopped.delete(keyId);
  }

  isStopped(keyId: string): boolean {
    return this.#stopped.has(keyId) || this.#journal.failure !== undefined;
  }

  remove(keyId: string): void {
    if (this.find(keyId) === undefined) return;
    this.#journal.appendSync({ type: 'key_removed', key_id: keyId });
  }

  /** Writes the bans that the journal did not take earlier. A full disk leaves them in the reserve: in memory they count. */
  takeReserved(): void {
    const entries = this.#reserve
      .list()
      .flatMap((reserved) => reservedEntry(this.#state, reserved) ?? []);
    for (const entry of entries) this.#state.apply(entry);
    try {
      if (entries.length > 0) this.#journal.appendSync(...entries);
      this.#reserve.empty();
    } catch (error) {
      if (!isHolderError(error, 'store/failed')) throw error;
    }
  }

  #known(keyId: string): KeyRecord {
    const record = this.find(keyId);
    if (!record) throw new HolderError('store/not-found', `key ${keyId} is unknown`);
    return record;
  }
}
