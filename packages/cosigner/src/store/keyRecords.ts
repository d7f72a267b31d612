/**
 * What this side keeps of each key: its sealed keyshare, its lock, and the keyshare of a refresh that
 * is not confirmed yet. Every change is on disk when the call returns.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  makePrivateDirectory,
  readIfPresent,
  removeIfPresent,
  replaceFile,
  syncDirectory,
} from '@quorate/agent';
import { z } from 'zod';
import { SetupError } from '../errors.ts';
import { explainedBy, type ShareReleases } from '../releases.ts';
import { openModulusHistory } from './moduli.ts';
import { isTag, type RecordSeal } from './recordSeal.ts';
import { parsedJson } from './version.ts';

const hex = (bytes: number): z.ZodString =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

/** One epoch's share as it is kept. */
export interface StoredShare {
  readonly epoch: number;
  /** base64, for `openShard` */
  readonly shard: string;
  readonly record_id: string;
  /** Moduli of this epoch, hex: later key generations may share no factor with them. */
  readonly moduli: readonly string[];
}

/** One key; byte strings are lower-case hex without prefix. */
export interface KeyRecord {
  /** The session that generated it. */
  readonly session_id: string;
  /** pending: the other side has not confirmed; never used. */
  readonly state: 'pending' | 'active';
  readonly partner: string;
  /** The partner's identity key at key generation. */
  readonly partner_identity: string;
  readonly own_identity: string;
  /** P1 is 1. */
  readonly index: 1 | 2;
  readonly address: string;
  readonly public_key: string;
  readonly key_id: string;
  readonly paillier_bits: 2048 | 3072;
  readonly share: StoredShare;
  /** Of the present share. */
  readonly releases: ShareReleases;
  readonly rolled_back: boolean;
  readonly lock: {
    readonly state: 'none' | 'refreshable' | 'terminal';
    readonly reopened: number;
    readonly session_id: string | null;
    readonly at: number | null;
  };
  /** A refresh that this side has stored, with the session that made it. */
  readonly next: { readonly session_id: string; readonly share: StoredShare } | null;
  readonly created_at: number;
}

const shareSchema: z.ZodType<StoredShare> = z.strictObject({
  epoch: z.int().nonnegative(),
  shard: z.string(),
  record_id: hex(32),
  moduli: z.array(z.string().regex(/^[0-9a-f]+$/)),
});

const recordSchema: z.ZodType<KeyRecord> = z.strictObject({
  session_id: hex(16),
  state: z.enum(['pending', 'active']),
  partner: z.string(),
  partner_identity: hex(65),
  own_identity: hex(65),
  index: z.union([z.literal(1), z.literal(2)]),
  address: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
  public_key: hex(33),
  key_id: hex(32),
  paillier_bits: z.union([z.literal(2048), z.literal(3072)]),
  share: shareSchema,
  releases: z.strictObject({
    confirmed: z.int().nonnegative(),
    outstanding: z.int().nonnegative(),
    explained: z.int().positive(),
    due: z.int().positive().nullable(),
  }),
  rolled_back: z.boolean(),
  lock: z.strictObject({
    state: z.enum(['none', 'refreshable', 'terminal']),
    reopened: z.int().nonnegative(),
    session_id: z.string().nullable(),
    at: z.int().nullable(),
  }),
  next: z.strictObject({ session_id: z.string(), share: shareSchema }).nullable(),
  created_at: z.int(),
});

const FORMAT = 'quorate-two-party-key/v3';

/** What lies on the disk: a record and what shows that this store wrote it. */
const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  mac: z.string(),
  record: z.unknown(),
});

/** The keys of one store. */
export interface KeyRecords {
  find(sessionId: string): KeyRecord | undefined;
  list(): readonly KeyRecord[];
  add(record: KeyRecord): void;
  update(sessionId: string, change: (record: KeyRecord) => KeyRecord): KeyRecord;
  /** Forgets a key that never became active. */
  remove(sessionId: string): void;
  /** Every modulus of every share that was ever stored. */
  moduli(): bigint[];
  /** Whether moduli share no factor with any of those, nor with each other. */
  areNew(moduli: readonly bigint[]): boolean;
  /** Who is told that a lock of a key is on disk, and that the chip is to follow. */
  onDue(listener: (sessionId: string) => void): void;
}

/** Opens the folder; what is in it must bear this store's tags. @throws SetupError `store/tampered` */
export function openKeyRecords(directory: string, seal: RecordSeal): KeyRecords {
  makePrivateDirectory(directory);
  const records = new Map<string, KeyRecord>();
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.json'))) {
    const record = readRecord(join(directory, name), seal);
    if (name !== `${record.session_id}.json`) throw tampered(join(directory, name), 'its name');
    records.set(record.session_id, record);
  }
  const history = openModulusHistory(join(directory, 'moduli.log'), seal);
  for (const record of records.values()) {
    if (moduliOf(record).every((modulus) => history.has(modulus))) continue;
    throw tampered(join(directory, 'moduli.log'), `moduli of ${record.session_id} are missing`);
  }
  let tellDue: ((sessionId: string) => void) | undefined;
  const fileOf = (sessionId: string): string => join(directory, `${sessionId}.json`);
  const write = (record: KeyRecord): KeyRecord => {
    history.add(moduliOf(record));
    const mac = seal.record(JSON.stringify(record));
    const file = fileOf(record.session_id);
    try {
      replaceFile(file, `${JSON.stringify({ format: FORMAT, mac, record })}\n`);
    } catch (error) {
      // It may be in place although its folder could not be flushed: then it is what a restart would find.
      const isThere = readIfPresent(file)?.includes(mac) === true;
      if (isThere) records.set(record.session_id, record);
      throw error;
    }
    records.set(record.session_id, record);
    return record;
  };
  return {
    find: (sessionId) => records.get(sessionId),
    list: () => [...records.values()],
    add: (record) => {
      if (records.has(record.session_id)) throw new Error('unreachable: a key twice');
      write(record);
    },
    update: (sessionId, change) => {
      const before = records.get(sessionId);
      if (before === undefined) throw new Error('unreachable: a change of no key');
      try {
        return write(withReleases(before, change(before)));
      } finally {
        if (records.get(sessionId)?.releases.due !== before.releases.due) tellDue?.(sessionId);
      }
    },
    remove: (sessionId) => {
      removeIfPresent(fileOf(sessionId));
      syncDirectory(directory);
      records.delete(sessionId);
    },
    moduli: () => history.all(),
    areNew: (moduli) => history.isNew(moduli),
    onDue: (listener) => {
      tellDue = listener;
    },
  };
}

const moduliOf = ({ share, next }: KeyRecord): string[] => [
  ...share.moduli,
  ...(next?.share.moduli ?? []),
];

/**
 * Remembers what the record explains. With a lock, the chip's count is to pass what any record from
 * before it has explained, so that none of them can be put back (attacks.md E-1).
 */
function withReleases(before: KeyRecord, after: KeyRecord): KeyRecord {
  const { releases, lock } = after;
  const locked = lock.state !== 'none' && lock.state !== before.lock.state;
  const due = locked ? before.releases.explained : releases.due;
  return { ...after, releases: { ...releases, explained: explainedBy(releases), due } };
}

function readRecord(path: string, seal: RecordSeal): KeyRecord {
  const file = fileSchema.safeParse(parsedJson(readIfPresent(path)?.toString('utf8') ?? ''));
  if (!file.success) throw tampered(path, 'its form');
  const { mac, record } = file.data;
  if (!isTag(mac, seal.record(JSON.stringify(record)))) throw tampered(path, 'mac');
  const parsed = recordSchema.safeParse(record);
  if (parsed.success) return parsed.data;
  throw tampered(path, parsed.error.issues[0]?.path.join('.') ?? '');
}

function tampered(path: string, where: string): SetupError {
  return new SetupError('store/tampered', `${path} is not what this store wrote (${where})`);
}
