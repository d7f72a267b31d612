/** The entries of an agent's journal. docs/spec/agent.md §2. */
import type { JournalKind, Releases } from '@quorate/holder';
import { z } from 'zod';
import {
  type Ban,
  banSchema,
  keyIdSchema,
  type KeyRecord,
  parseKeyRecord,
  releasesSchema,
} from './keyRecord.ts';

/** One change of an agent's state. */
export type AgentEntry =
  /** A whole key record, new or in place of the one before. */
  | { readonly type: 'key'; readonly record: KeyRecord }
  | { readonly type: 'key_removed'; readonly key_id: string }
  | { readonly type: 'releases'; readonly key_id: string; readonly releases: Releases }
  | { readonly type: 'bans'; readonly key_id: string; readonly bans: readonly Ban[] }
  /** Session keys that were answered with a certificate, each with its part index. */
  | { readonly type: 'used'; readonly keys: readonly UsedKey[] }
  /** The sealed record of a session, under the name that it is sealed for. */
  | ({ readonly type: 'session'; readonly name: string } & SealedRecord)
  /** The state counter of a chip: the highest that it has shown. */
  | { readonly type: 'chip'; readonly key: string; readonly counter: number };

/** A session key and the part index under which it was used. */
export type UsedKey = readonly [sessionKey: string, partIndex: number];

/** The sealed record of a session. */
export interface SealedRecord {
  readonly sealed: string;
  /** Whether the session is over: then its record need not be kept for ever. */
  readonly over: boolean;
}

const entrySchema: z.ZodType<AgentEntry> = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('key'),
    record: z.unknown().transform((content) => parseKeyRecord(content).record),
  }),
  z.strictObject({ type: z.literal('key_removed'), key_id: keyIdSchema }),
  z.strictObject({ type: z.literal('releases'), key_id: keyIdSchema, releases: releasesSchema }),
  z.strictObject({ type: z.literal('bans'), key_id: keyIdSchema, bans: z.array(banSchema) }),
  z.strictObject({
    type: z.literal('used'),
    keys: z.array(z.tuple([z.string(), z.int().nonnegative()])),
  }),
  z.strictObject({
    type: z.literal('session'),
    name: z.string(),
    sealed: z.string(),
    over: z.boolean(),
  }),
  z.strictObject({
    type: z.literal('chip'),
    key: z.string().regex(/^04[0-9a-f]{128}$/),
    counter: z.int().nonnegative(),
  }),
]);

/** The journal of an agent. */
export const AGENT_JOURNAL: JournalKind<AgentEntry> = {
  name: 'quorate-agent',
  version: 1,
  encode: (entry) => Buffer.from(JSON.stringify(entry)),
  decode: (bytes) => entrySchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))),
};
