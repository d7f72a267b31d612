/**
 * The record of one key, and the reader of records of former versions. Its id names a key; its address is a label
 * that leads to it.
 */
import { HolderError, type Releases } from '@quorate/holder';
import { parseAddress } from '@quorate/intent';
import { Algorithm } from '@quorate/wire';
import { z } from 'zod';

/** One ban: the pair with this party never signs with the key again (O-12). */
export interface Ban {
  readonly part_index: number;
  readonly session_key: string;
  readonly reason: string;
  readonly at: number;
}

/** One holder of a key, with the chip key pinned for it (130 hex digits). */
export interface Holder {
  readonly part_index: number;
  readonly username: string;
  readonly chip_public_key: string;
}

/** The consent to the destruction of a key, and its outcome at this participant. Nothing in it is secret. */
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
  /** The chip's signed word that the record is gone, base64; null until then. */
  readonly receipt: string | null;
  /** Whether the coordinator has said that the destruction is complete. */
  readonly settled: boolean;
}

/** The state of a key. Only an active one signs. */
type KeyState = 'pending' | 'active' | 'orphaned' | 'rolled_back' | 'destroying' | 'destroyed';

/** One key of this participant; byte strings are lower-case hex without prefix. */
export interface KeyRecord {
  readonly format: 'quorate-key/v3';
  /** The session id of the key generation: the key's name. */
  readonly key_id: string;
  /** A share signs only under its own algorithm, and no key serves two. */
  readonly algorithm: Algorithm;
  /** A label: an address that leads to the key. */
  readonly address: string;
  /**
   * pending: the key generation is not complete; orphaned: it failed; rolled_back: signs no more here;
   * destroying: everybody consented, the chip has not yet signed that its record is gone; destroyed: it has.
   */
  readonly state: KeyState;
  /** The session that generated the key. */
  readonly session_key: string;
  readonly public_key: string;
  readonly record_id: string;
  readonly epoch: number;
  readonly threshold: number;
  readonly total_parts: number;
  /** This participant's index. */
  readonly part_index: number;
  readonly holders: readonly Holder[];
  readonly releases: Releases;
  readonly bans: readonly Ban[];
  /** Present since the consent to destroy the key. */
  readonly destruction?: KeyDestruction | undefined;
}

const hex = (bytes: number): z.ZodString =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const index = z.int().min(1).max(32);
const count = z.int().nonnegative();

/** Reads a key's id. */
export const keyIdSchema: z.ZodType<string> = hex(32);

/** Reads a ban. */
export const banSchema: z.ZodType<Ban> = z.strictObject({
  part_index: index,
  session_key: z.string(),
  reason: z.string(),
  at: z.number(),
});

/** Reads counts of releases. */
export const releasesSchema: z.ZodType<Releases> = z.strictObject({
  confirmed: count,
  outstanding: count,
});

const holders = z.array(
  z.strictObject({ part_index: index, username: z.string(), chip_public_key: hex(65) }),
);

const destruction: z.ZodType<KeyDestruction> = z.strictObject({
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

const fields = {
  state: z.enum(['pending', 'active', 'orphaned', 'rolled_back', 'destroying', 'destroyed']),
  session_key: z.string(),
  address: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
  public_key: hex(33),
  key_id: keyIdSchema,
  record_id: hex(32),
  epoch: count,
  threshold: z.int().min(2).max(32),
  total_parts: z.int().min(2).max(32),
  part_index: index,
  holders,
  bans: z.array(banSchema),
};

/** Reads the record of a key. */
export const keyRecordSchema: z.ZodType<KeyRecord> = z.strictObject({
  format: z.literal('quorate-key/v3'),
  algorithm: Algorithm,
  ...fields,
  releases: releasesSchema,
  destruction: destruction.optional(),
});

/** A key of a version that knew one algorithm and named keys by address. */
const NAMED = { format: 'quorate-key/v3', algorithm: 'ecdsa-secp256k1' } as const;

const secondSchema: z.ZodType<KeyRecord> = z
  .strictObject({
    format: z.literal('quorate-key/v2'),
    ...fields,
    releases: releasesSchema,
    destruction: destruction.optional(),
  })
  .transform((record) => ({ ...record, ...NAMED }));

/** Reads the count of a version that did not count attempts: one number, the confirmed one. */
const firstSchema: z.ZodType<KeyRecord> = z
  .strictObject({ format: z.literal('quorate-key/v1'), ...fields, release_count: count })
  .transform(({ release_count: confirmed, ...record }) => ({
    ...record,
    ...NAMED,
    releases: { confirmed, outstanding: 0 },
  }));

const headSchema = z.looseObject({ format: z.string(), algorithm: z.string().optional() });

const versions: Readonly<Record<string, z.ZodType<KeyRecord>>> = {
  'quorate-key/v1': firstSchema,
  'quorate-key/v2': secondSchema,
};

/**
 * Reads a record of any version, and tells the name of its file.
 * @throws HolderError `store/tampered` for an unknown algorithm: it is never taken for another one
 */
export function parseKeyRecord(content: unknown): {
  readonly record: KeyRecord;
  readonly name: string;
} {
  const { format, algorithm = 'ecdsa-secp256k1' } = headSchema.parse(content);
  if (!Algorithm.safeParse(algorithm).success) {
    const message = `a key has the algorithm ${algorithm}, which this version does not know`;
    throw new HolderError('store/tampered', message);
  }
  const former = versions[format];
  const record = (former ?? keyRecordSchema).parse(content);
  return { record, name: former === undefined ? fileName(record) : formerFileName(record) };
}

/** The file of a key. */
export function fileName({ key_id }: KeyRecord): string {
  return `${key_id}.json`;
}

/** The file of a key in versions that named keys by their address. */
function formerFileName({ address }: KeyRecord): string {
  return `${labelOf(address)}.json`;
}

/** An address in the form in which labels are compared: in any case of its letters. */
export function labelOf(address: string): string {
  return address.toLowerCase();
}

/** Whether an address leads to this key. */
export function isLabelOf({ address }: Pick<KeyRecord, 'address'>, other: string): boolean {
  return labelOf(address) === labelOf(other);
}

/** The part indexes that a key's owner refuses to sign with. */
export function bannedIndexes({ bans }: Pick<KeyRecord, 'bans'>): number[] {
  return [...new Set(bans.map((ban) => ban.part_index))].toSorted((a, b) => a - b);
}

/**
 * The 20 bytes by which a chip's record and the associated data of a shard name a key (docs/spec/chip.md §2): the
 * Ethereum address for ECDSA. Chips call this field `address`.
 */
export function keyTagOf({
  algorithm,
  address,
}: Pick<KeyRecord, 'algorithm' | 'address'>): Uint8Array {
  switch (algorithm) {
    case 'ecdsa-secp256k1':
      return parseAddress(address);
  }
}
