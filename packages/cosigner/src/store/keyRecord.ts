/** One key as its side keeps it, and its file. */
import { readIfPresent, replaceFile } from '@quorate/holder';
import { z } from 'zod';
import { SetupError } from '../errors.ts';
import type { ShareReleases } from '../releases.ts';
import { isTag, type RecordSeal } from './recordSeal.ts';
import { parsedJson } from '../json.ts';

const hex = (bytes: number): z.ZodString =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

/** One epoch's share as stored. */
export interface StoredShare {
  readonly epoch: number;
  /** base64, for `openShard`; empty for a retired key */
  readonly shard: string;
  readonly record_id: string;
  /** Moduli of this epoch, hex: later key generations may share no factor with them. */
  readonly moduli: readonly string[];
}

/** One key; byte strings are lower-case hex without prefix. */
export interface KeyRecord {
  /** The session that generated it. */
  readonly session_id: string;
  /**
   * pending: the other side has not confirmed; never used. retired: by an operator, and its share is deleted.
   */
  readonly state: 'pending' | 'active' | 'retired';
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
  /** Of the current share. */
  readonly releases: ShareReleases;
  readonly rolled_back: boolean;
  readonly lock: {
    readonly state: 'none' | 'refreshable' | 'terminal';
    readonly reopened: number;
    readonly session_id: string | null;
    readonly at: number | null;
  };
  /** A stored refresh, with the session that made it. */
  readonly next: { readonly session_id: string; readonly share: StoredShare } | null;
  readonly created_at: number;
  readonly retired_at?: number | undefined;
}

const shareSchema: z.ZodType<StoredShare> = z.strictObject({
  epoch: z.int().nonnegative(),
  shard: z.string(),
  record_id: hex(32),
  moduli: z.array(z.string().regex(/^[0-9a-f]+$/)),
});

const recordSchema: z.ZodType<KeyRecord> = z.strictObject({
  session_id: hex(16),
  state: z.enum(['pending', 'active', 'retired']),
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
  retired_at: z.int().optional(),
});

const FORMAT = 'quorate-two-party-key/v4';
/** Before keys had permits. */
const FORMAT_BEFORE = 'quorate-two-party-key/v3';

/** The file of a record: the record, and the proof that this store wrote it. */
const fileSchema = z.strictObject({
  format: z.enum([FORMAT, FORMAT_BEFORE]),
  mac: z.string(),
  record: z.unknown(),
});

/** A record as read. */
export interface ReadRecord {
  readonly record: KeyRecord;
  /** Written before keys had permits. */
  readonly withoutPermits: boolean;
  /** Its tag. */
  readonly mac: string;
}

/** Reads a record that this store wrote. @throws SetupError `store/tampered` */
export function readKeyRecord(path: string, seal: RecordSeal): ReadRecord {
  const file = fileSchema.safeParse(parsedJson(readIfPresent(path) ?? ''));
  if (!file.success) throw tampered(path, 'its form');
  const { format, mac, record } = file.data;
  if (!isTag(mac, seal.record(JSON.stringify(record)))) throw tampered(path, 'mac');
  const parsed = recordSchema.safeParse(record);
  if (parsed.success) return { record: parsed.data, withoutPermits: format === FORMAT_BEFORE, mac };
  throw tampered(path, parsed.error.issues[0]?.path.join('.') ?? '');
}

/** Writes a record; `onPlace` gets its tag, also if the record is in place but its folder could not be flushed. */
export function writeKeyRecord(
  path: string,
  record: KeyRecord,
  seal: RecordSeal,
  onPlace: (mac: string) => void,
): void {
  const mac = seal.record(JSON.stringify(record));
  try {
    replaceFile(path, `${JSON.stringify({ format: FORMAT, mac, record })}\n`);
  } catch (error) {
    // A restart would then find it.
    if (readIfPresent(path)?.includes(mac) === true) onPlace(mac);
    throw error;
  }
  onPlace(mac);
}

/** Reports that a file is not this store's. */
export function tampered(path: string, where: string): SetupError {
  return new SetupError('store/tampered', `${path} is not what this store wrote (${where})`);
}
