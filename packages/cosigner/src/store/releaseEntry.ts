/**
 * The counts of a key's releases since its record was written: an entry of the journal, bound to that very record. Put back
 * beside another record it says nothing (docs/spec/cosigner.md, "Detecting an old or edited record of a key").
 */
import type { Releases } from '@quorate/holder';
import { z } from 'zod';
import { explainedBy } from '../releases.ts';
import type { KeyRecord } from './keyRecord.ts';
import { isTag, type RecordSeal } from './recordSeal.ts';

/** The counts of one key. */
export interface ReleaseEntry extends Releases {
  readonly entry: 'releases';
  /** The session that generated it. */
  readonly key: string;
  /** The tag of the record to which they belong. */
  readonly record: string;
  readonly mac: string;
}

const count = z.int().nonnegative();

/** The form of such an entry. */
export const releaseEntrySchema: z.ZodObject<{
  readonly entry: z.ZodLiteral<'releases'>;
  readonly key: z.ZodString;
  readonly record: z.ZodString;
  readonly confirmed: z.ZodInt;
  readonly outstanding: z.ZodInt;
  readonly mac: z.ZodString;
}> = z.strictObject({
  entry: z.literal('releases'),
  key: z.string(),
  record: z.string(),
  confirmed: count,
  outstanding: count,
  mac: z.string(),
});

/** Makes the entry of a record with this tag. */
export function releaseEntry(
  seal: RecordSeal,
  { key, record }: Pick<ReleaseEntry, 'key' | 'record'>,
  { confirmed, outstanding }: Releases,
): ReleaseEntry {
  const counts = { key, record, confirmed, outstanding };
  return { entry: 'releases', ...counts, mac: seal.releases(counts) };
}

/** Whether this store wrote it. */
export function isGenuine(entry: ReleaseEntry, seal: RecordSeal): boolean {
  return isTag(entry.mac, seal.releases(entry));
}

/** A record with these counts, and all that they explain. */
export function withCounts(record: KeyRecord, { confirmed, outstanding }: Releases): KeyRecord {
  const releases = { ...record.releases, confirmed, outstanding };
  return { ...record, releases: { ...releases, explained: explainedBy(releases) } };
}
