/** Everything that an agent's journal holds, in memory. docs/spec/agent.md §2. */
import type { Journal, JournalState } from '@quorate/holder';
import type { AgentEntry, SealedRecord, UsedKey } from './journalEntries.ts';
import { type Ban, bannedIndexes, type KeyRecord, labelOf } from './keyRecord.ts';

/** Records of sessions that are over, beyond which the oldest goes: four times as many as a restart reports. */
export const KEPT_SESSIONS = 4096;
/** Most used session keys in one entry of a new journal. */
export const BLOCK = 4096;

/** The state that the entries make. */
export class AgentJournalState implements JournalState<AgentEntry> {
  readonly #keys = new Map<string, KeyRecord>();
  /** Key ids by label: an address in lower case. */
  readonly #labels = new Map<string, string>();
  readonly #used = new Map<string, number>();
  /** The used keys again, in entries of which only the last one still changes. */
  readonly #blocks: AgentEntry[] = [];
  #lastBlock: UsedKey[] = [];
  readonly #sessions = new Map<string, SealedRecord>();
  readonly #chips = new Map<string, number>();

  apply(entry: AgentEntry): void {
    switch (entry.type) {
      case 'key':
        return this.#setKey(entry.record);
      case 'key_removed':
        return this.#removeKey(entry.key_id);
      case 'releases': {
        const { key_id, releases } = entry;
        return this.#change(key_id, (record) => ({ ...record, releases }));
      }
      case 'bans':
        return this.#change(entry.key_id, (record) => withBans(record, entry.bans));
      case 'used':
        for (const used of entry.keys) this.#use(used);
        return undefined;
      case 'session':
        return this.#setSession(entry.name, { sealed: entry.sealed, over: entry.over });
      case 'chip':
        this.#chips.set(entry.key, entry.counter);
        return undefined;
    }
  }

  *snapshot(): Iterable<AgentEntry> {
    for (const record of this.#keys.values()) yield { type: 'key', record };
    yield* this.#blocks;
    if (this.#lastBlock.length > 0) yield { type: 'used', keys: [...this.#lastBlock] };
    for (const [key, counter] of this.#chips) yield { type: 'chip', key, counter };
    for (const [name, record] of this.#sessions) yield { type: 'session', name, ...record };
  }

  /** By the key's id, hex. */
  key(keyId: string): KeyRecord | undefined {
    return this.#keys.get(keyId);
  }

  keyByAddress(address: string): KeyRecord | undefined {
    const keyId = this.#labels.get(labelOf(address));
    return keyId === undefined ? undefined : this.#keys.get(keyId);
  }

  keys(): readonly KeyRecord[] {
    return [...this.#keys.values()];
  }

  /** The part index under which a session key was used. */
  usedAs(sessionKey: string): number | undefined {
    return this.#used.get(sessionKey);
  }

  latestUsed(count: number): readonly string[] {
    return [...this.#used.keys()].slice(-count);
  }

  session(name: string): string | undefined {
    return this.#sessions.get(name)?.sealed;
  }

  counterOf(chip: string): number | undefined {
    return this.#chips.get(chip);
  }

  #setKey(record: KeyRecord): void {
    this.#keys.set(record.key_id, record);
    this.#labels.set(labelOf(record.address), record.key_id);
  }

  #removeKey(keyId: string): void {
    const record = this.#keys.get(keyId);
    if (record === undefined) return;
    this.#keys.delete(keyId);
    this.#labels.delete(labelOf(record.address));
  }

  #change(keyId: string, change: (record: KeyRecord) => KeyRecord): void {
    const record = this.#keys.get(keyId);
    if (record !== undefined) this.#setKey(change(record));
  }

  #use(used: UsedKey): void {
    const [sessionKey, partIndex] = used;
    if (this.#used.has(sessionKey)) return;
    this.#used.set(sessionKey, partIndex);
    this.#lastBlock.push(used);
    if (this.#lastBlock.length < BLOCK) return;
    this.#blocks.push({ type: 'used', keys: this.#lastBlock });
    this.#lastBlock = [];
  }

  #setSession(name: string, record: SealedRecord): void {
    this.#sessions.set(name, record);
    if (this.#sessions.size <= KEPT_SESSIONS) return;
    for (const [other, { over }] of this.#sessions) {
      if (!over) continue;
      this.#sessions.delete(other);
      return;
    }
  }
}

/** An open journal and the state that it keeps. */
export interface AgentJournal {
  readonly journal: Journal<AgentEntry>;
  readonly state: AgentJournalState;
}

/** A record with bans of parties that it does not ban yet. */
function withBans(record: KeyRecord, bans: readonly Ban[]): KeyRecord {
  const banned = bannedIndexes(record);
  const added = bans.filter(({ part_index }) => !banned.includes(part_index));
  return added.length === 0 ? record : { ...record, bans: [...record.bans, ...added] };
}
