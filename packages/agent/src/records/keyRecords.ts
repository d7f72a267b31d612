/**
 * What an agent knows of each key by itself, never from the coordinator: who holds it, under which
 * pinned chip keys, how often the chip may have released the opener, and which pairs are banned.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AgentError, isAgentError } from '../errors.ts';
import type { Ban } from './ban.ts';
import { type BanReserve, readReservedBans } from './banReserve.ts';
import {
  makePrivateDirectory,
  readIfPresent,
  removeIfPresent,
  replaceFile,
  syncDirectory,
} from '../files/files.ts';

/** One holder of a key, with the chip key pinned for it (130 hex digits). */
export interface Holder {
  readonly part_index: number;
  readonly username: string;
  readonly chip_public_key: string;
}

/** How often the chip has released a key's opener. */
export interface Releases {
  /** The count that the chip gave with the last release that was confirmed. */
  readonly confirmed: number;
  /** Attempts since then whose outcome is not known: each may have raised the chip's count by one. */
  readonly outstanding: number;
}

/** The consent to destroy this participant's shard, and what came of it. Nothing in it is secret. */
export interface KeyDestruction {
  readonly session_key: string;
  readonly reason: string;
  /** Indexes of those who destroy their shards, ascending. */
  readonly parties: readonly number[];
  /** All holders with their chips as they were at the consent; earlier records have the key's own. */
  readonly holders?: readonly Holder[] | undefined;
  /** Our own session certificate, base64. */
  readonly certificate: string;
  /** The chip's challenge that went with it, base64. */
  readonly challenge: string;
  /** milliseconds since 1970 */
  readonly consented_at: number;
  /** The chip's word that the record is gone, base64; null until it is. */
  readonly receipt: string | null;
  /** The coordinator has said that the destruction is complete. */
  readonly settled: boolean;
}

/** Where a key stands. Only an active one signs. */
type KeyState = 'pending' | 'active' | 'orphaned' | 'rolled_back' | 'destroying' | 'destroyed';

/** One key of this participant; byte strings are lower-case hex without prefix. */
export interface KeyRecord {
  readonly format: 'quorate-key/v2';
  /**
   * pending: the key generation is not complete; orphaned: it failed; rolled_back: signs no more here;
   * destroying: everybody consented, the chip has not yet signed that its record is gone; destroyed: it has.
   */
  readonly state: KeyState;
  /** The session that generated the key. */
  readonly session_key: string;
  readonly address: string;
  readonly public_key: string;
  readonly key_id: string;
  readonly record_id: string;
  readonly epoch: number;
  readonly threshold: number;
  readonly total_parts: number;
  /** This participant's index. */
  readonly part_index: number;
  readonly holders: readonly Holder[];
  readonly releases: Releases;
  readonly bans: readonly Ban[];
  /** Since the consent to destroy the key. */
  readonly destruction?: KeyDestruction | undefined;
}

/** The file of the reserve, in the folder of the records. */
export const RESERVE_FILE = 'bans.reserve';

const hex = (bytes: number): z.ZodString =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const index = z.int().min(1).max(32);

const count = z.int().nonnegative();

const holders = z.array(
  z.strictObject({ part_index: index, username: z.string(), chip_public_key: hex(65) }),
);

const commonFields = {
  state: z.enum(['pending', 'active', 'orphaned', 'rolled_back', 'destroying', 'destroyed']),
  session_key: z.string(),
  address: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
  public_key: hex(33),
  key_id: hex(32),
  record_id: hex(32),
  epoch: count,
  threshold: z.int().min(2).max(32),
  total_parts: z.int().min(2).max(32),
  part_index: index,
  holders,
  bans: z.array(
    z.strictObject({
      part_index: index,
      session_key: z.string(),
      reason: z.string(),
      at: z.number(),
    }),
  ),
};

const destructionSchema: z.ZodType<KeyDestruction> = z.strictObject({
  session_key: z.string(),
  reason: z.string(),
  parties: z.array(index),
  holders: holders.optional(),
  certificate: z.string(),
  challenge: z.string(),
  consented_at: z.number(),
  receipt: z.string().nullable(),
  settled: z.boolean(),
});

const keyRecordSchema: z.ZodType<KeyRecord> = z.strictObject({
  format: z.literal('quorate-key/v2'),
  ...commonFields,
  releases: z.strictObject({ confirmed: count, outstanding: count }),
  destruction: destructionSchema.optional(),
});

/** Before attempts were counted: one number, which is what was confirmed. */
const formerSchema: z.ZodType<KeyRecord> = z
  .strictObject({
    format: z.literal('quorate-key/v1'),
    ...commonFields,
    release_count: count,
  })
  .transform(({ release_count: confirmed, ...record }) => ({
    ...record,
    format: 'quorate-key/v2',
    releases: { confirmed, outstanding: 0 },
  }));

/** The key records of one agent; every change is on disk when the call returns. */
export interface KeyRecords {
  /** By the key's id, hex. */
  find(keyId: string): KeyRecord | undefined;
  /** By a label: an address that leads to the key, in any case. */
  findByAddress(address: string): KeyRecord | undefined;
  findBySession(sessionKey: string): KeyRecord | undefined;
  list(): readonly KeyRecord[];
  /** Adds a pending key. @throws AgentError `store/exists` when the address or the key id is known (D-12). */
  add(record: KeyRecord): void;
  /** Replaces a record by a changed copy. */
  update(keyId: string, change: (record: KeyRecord) => KeyRecord): KeyRecord;
  /**
   * Bans parties, in the reserve if the record does not take it. If neither does, they are banned in this
   * process, and the whole key is stopped. @throws AgentError `store/failed`
   */
  ban(keyId: string, bans: readonly Ban[]): void;
  /** Whether a ban of this key could not be written, so that the key must not be used. */
  isStopped(keyId: string): boolean;
  /** Forgets the remains of a key generation that failed. */
  remove(keyId: string): void;
}

/**
 * Opens the folder of key records; without a reserve, to look only: a running agent may have it open.
 * @throws AgentError `store/tampered` for a file that is not one
 */
export function openKeyRecords(directory: string, reserve?: BanReserve): KeyRecords {
  makePrivateDirectory(directory);
  const records = new Map<string, KeyRecord>();
  for (const name of readdirSync(directory)) {
    if (!name.endsWith('.json')) continue;
    const record = readRecord(join(directory, name), name);
    records.set(record.key_id, record);
  }
  const write = (record: KeyRecord): void => {
    replaceFile(join(directory, fileName(record)), `${JSON.stringify(record, null, 2)}\n`);
    records.set(record.key_id, record);
  };
  const list = (): KeyRecord[] => [...records.values()];
  const known = (keyId: string): KeyRecord => {
    const record = records.get(keyId);
    if (!record) throw new AgentError('store/not-found', `key ${keyId} is unknown`);
    return record;
  };
  const findByAddress = (address: string): KeyRecord | undefined =>
    list().find((record) => record.address.toLowerCase() === address.toLowerCase());
  const stopped = new Set<string>();
  /** Bans that a record could not take when they were found. */
  const takeReserved = (): void => {
    const changed = new Set<string>();
    for (const { address, ban } of reserve?.list() ??
      readReservedBans(join(directory, RESERVE_FILE))) {
      const record = findByAddress(address);
      if (record === undefined || bannedIndexes(record).includes(ban.part_index)) continue;
      records.set(record.key_id, { ...record, bans: [...record.bans, ban] });
      changed.add(record.key_id);
    }
    if (reserve === undefined) return;
    for (const keyId of changed) write(known(keyId));
    reserve.clear();
  };
  ifPossible(takeReserved);
  return {
    find: (keyId) => records.get(keyId),
    findByAddress,
    findBySession: (sessionKey) => list().find((record) => record.session_key === sessionKey),
    list,
    add: (record) => {
      const taken = records.has(record.key_id) || findByAddress(record.address) !== undefined;
      if (taken) throw new AgentError('store/exists', `key ${record.address} exists already`);
      write(keyRecordSchema.parse(record));
    },
    update: (keyId, change) => {
      const changed = keyRecordSchema.parse(change(known(keyId)));
      write(changed);
      return changed;
    },
    ban: (keyId, bans) => {
      const record = known(keyId);
      const banned = bannedIndexes(record);
      const added = bans.filter((ban) => !banned.includes(ban.part_index));
      if (added.length === 0 && !stopped.has(keyId)) return;
      const changed = { ...record, bans: [...record.bans, ...added] };
      records.set(keyId, changed);
      stopped.add(keyId);
      try {
        write(keyRecordSchema.parse(changed));
      } catch (error) {
        if (reserve === undefined || !isAgentError(error, 'store/failed')) throw error;
        reserve.keep(record.address, added.length > 0 ? added : changed.bans);
      }
      stopped.delete(keyId);
    },
    isStopped: (keyId) => stopped.has(keyId),
    remove: (keyId) => {
      const record = records.get(keyId);
      if (!record) return;
      removeIfPresent(join(directory, fileName(record)));
      syncDirectory(directory);
      records.delete(keyId);
    },
  };
}

/** A disk that is full leaves reserved bans where they are: in memory they count. */
function ifPossible(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isAgentError(error, 'store/failed')) throw error;
  }
}

/** The part indexes that a key's owner refuses to sign with. */
export function bannedIndexes(record: KeyRecord): number[] {
  return [...new Set(record.bans.map((ban) => ban.part_index))].toSorted((a, b) => a - b);
}

function fileName(record: KeyRecord): string {
  return `${record.address.toLowerCase()}.json`;
}

function readRecord(path: string, name: string): KeyRecord {
  // A disk that does not give the file says nothing of what is in it.
  const text = readIfPresent(path)?.toString('utf8') ?? 'null';
  try {
    const content: unknown = JSON.parse(text);
    const record = z.union([keyRecordSchema, formerSchema]).parse(content);
    if (fileName(record) !== name) throw new Error(`the address inside is ${record.address}`);
    return record;
  } catch (error) {
    throw new AgentError('store/tampered', `key record ${path} cannot be used`, error);
  }
}
