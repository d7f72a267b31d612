/** The entries of a store's journal (docs/spec/cosigner.md, "Store"), and the state that they make. */
import type { JournalKind, JournalState } from '@quorate/holder';
import { z } from 'zod';
import { parsedJson } from '../json.ts';
import { type ReleaseEntry, releaseEntrySchema } from './releaseEntry.ts';
import { type SessionRecord, sessionRecordSchema } from './sessionRecord.ts';

/** One change of the store. */
export type StoreEntry =
  /** A session that begins, or has ended. */
  | { readonly entry: 'session'; readonly record: SessionRecord }
  /** Sessions that are kept no longer. */
  | { readonly entry: 'removed'; readonly sessions: readonly string[] }
  | ReleaseEntry;

const entrySchema: z.ZodType<StoreEntry> = z.discriminatedUnion('entry', [
  z.strictObject({ entry: z.literal('session'), record: sessionRecordSchema }),
  z.strictObject({ entry: z.literal('removed'), sessions: z.array(z.string()) }),
  releaseEntrySchema,
]);

/** The journal of a cosigner. */
export const STORE_KIND: JournalKind<StoreEntry> = {
  name: 'cosigner',
  version: 1,
  encode: (entry) => Buffer.from(JSON.stringify(entry)),
  decode: (bytes) => entrySchema.parse(parsedJson(bytes)),
};

/** The state that entries make. */
export class StoreState implements JournalState<StoreEntry> {
  readonly sessions: Map<string, SessionRecord> = new Map();
  /** By key; whether this store wrote them is known once the chip has given its key. */
  readonly releases: Map<string, ReleaseEntry> = new Map();

  apply(entry: StoreEntry): void {
    switch (entry.entry) {
      case 'session':
        this.sessions.set(entry.record.session.session_id, entry.record);
        return;
      case 'removed':
        for (const id of entry.sessions) this.sessions.delete(id);
        return;
      case 'releases':
        this.releases.set(entry.key, entry);
        return;
      default:
        entry satisfies never;
    }
  }

  *snapshot(): Iterable<StoreEntry> {
    for (const record of this.sessions.values()) yield { entry: 'session', record };
    yield* this.releases.values();
  }
}
