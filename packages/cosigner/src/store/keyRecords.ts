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
import { formerReleases, type Releases } from '../releases.ts';
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
  readonly format: 'quorate-two-party-key/v2';
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
  readonly releases: Releases;
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

const commonFields = {
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
  rolled_back: z.boolean(),
  lock: z.strictObject({
    state: z.enum(['none', 'refreshable', 'terminal']),
    reopened: z.int().nonnegative(),
    session_id: z.string().nullable(),
    at: z.int().nullable(),
  }),
  next: z.strictObject({ session_id: z.string(), share: shareSchema }).nullable(),
  created_at: z.int(),
};

const presentSchema: z.ZodType<KeyRecord> = z.strictObject({
  format: z.literal('quorate-two-party-key/v2'),
  ...commonFields,
  releases: z.strictObject({
    confirmed: z.int().nonnegative(),
    outstanding: z.int().nonnegative(),
  }),
});

/** Before attempts and confirmed releases were told apart. */
const formerSchema: z.ZodType<KeyRecord> = z
  .strictObject({
    format: z.literal('quorate-two-party-key/v1'),
    ...commonFields,
    release_count: z.int().nonnegative(),
  })
  .transform(({ release_count: count, ...record }) => ({
    ...record,
    format: 'quorate-two-party-key/v2',
    releases: formerReleases(count),
  }));

const recordSchema: z.ZodType<KeyRecord> = z.union([presentSchema, formerSchema]);

/** The keys of one store. */
export interface KeyRecords {
  find(sessionId: string): KeyRecord | undefined;
  list(): readonly KeyRecord[];
  add(record: KeyRecord): void;
  update(sessionId: string, change: (record: KeyRecord) => KeyRecord): KeyRecord;
  /** Forgets a key that never became active. */
  remove(sessionId: string): void;
  /** Every modulus of every key. */
  moduli(): bigint[];
}

/** Opens the folder. @throws SetupError `store/tampered` */
export function openKeyRecords(directory: string): KeyRecords {
  makePrivateDirectory(directory);
  const records = new Map<string, KeyRecord>();
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.json'))) {
    const record = readRecord(join(directory, name));
    records.set(record.session_id, record);
  }
  const fileOf = (sessionId: string): string => join(directory, `${sessionId}.json`);
  const write = (record: KeyRecord): KeyRecord => {
    replaceFile(fileOf(record.session_id), `${JSON.stringify(record)}\n`);
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
      const record = records.get(sessionId);
      if (record === undefined) throw new Error('unreachable: a change of no key');
      return write(change(record));
    },
    remove: (sessionId) => {
      removeIfPresent(fileOf(sessionId));
      syncDirectory(directory);
      records.delete(sessionId);
    },
    moduli: () =>
      [...records.values()].flatMap(({ share, next }) =>
        [...share.moduli, ...(next?.share.moduli ?? [])].map((modulus) => BigInt(`0x${modulus}`)),
      ),
  };
}

function readRecord(path: string): KeyRecord {
  const parsed = recordSchema.safeParse(parsedJson(readIfPresent(path)?.toString('utf8') ?? ''));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new SetupError('store/tampered', `${path} is not a key record (${where})`);
}
