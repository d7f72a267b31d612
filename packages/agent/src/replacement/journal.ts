/**
 * The progress of a replacement, on disk before each step that a crash could leave half done
 * (docs/spec/replace.md §4). Nothing in it is secret: ciphertexts, public keys, places of the chips.
 */
import {
  HolderError,
  readIfPresent,
  type Releases,
  removeIfPresent,
  replaceFile,
  syncDirectory,
} from '@quorate/holder';
import { join } from 'node:path';
import type { ChipAttachment } from '@quorate/secure-element';
import { z } from 'zod';
import { chipSchema } from '../config.ts';
import { AgentError } from '../errors.ts';
import { readAgentRecords } from '../records/agentJournal.ts';
import { keyIdSchema, releasesSchema } from '../records/keyRecord.ts';
import { STATE_FILES } from '../records/names.ts';

/** A chip of a replacement. */
interface JournalChip {
  readonly attachment: ChipAttachment;
  /** 130 hex digits. */
  readonly public_key: string;
}

/** A shard on its way. */
export interface JournalShard {
  /** Base64, for the new chip. */
  readonly encrypted_shard: string;
  /** The possible number of releases of its opener by the new chip. */
  readonly releases: Releases;
  /** Whether this agent has seen the new chip open this ciphertext. */
  readonly proven: boolean;
}

/** The journal. */
export interface Journal {
  readonly format: 'quorate-replacement/v2';
  /** moving: the old chip is in use; switching: nobody here knows which one; adopted: the new chip is. */
  readonly phase: 'moving' | 'switching' | 'adopted';
  /** Null until the coordinator has given one. */
  readonly id: string | null;
  readonly se_id: string;
  readonly retire: 'destroyed' | 'disabled';
  readonly old_chip: JournalChip;
  readonly new_chip: JournalChip;
  /** Of the new chip, when the configuration is to name it. */
  readonly new_pin_file: string | null;
  /** By key id. */
  readonly shards: Readonly<Record<string, JournalShard>>;
}

const chip = z.strictObject({
  attachment: chipSchema,
  public_key: z.string().regex(/^04[0-9a-f]{128}$/),
});

const fields = {
  phase: z.enum(['moving', 'switching', 'adopted']),
  id: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .nullable(),
  se_id: z.string(),
  retire: z.enum(['destroyed', 'disabled']),
  old_chip: chip,
  new_chip: chip,
  new_pin_file: z.string().nullable(),
};

const shard: z.ZodType<JournalShard> = z.strictObject({
  encrypted_shard: z.string(),
  releases: releasesSchema,
  proven: z.boolean().default(false),
});

const journalSchema: z.ZodType<Journal> = z.strictObject({
  format: z.literal('quorate-replacement/v2'),
  ...fields,
  shards: z.record(keyIdSchema, shard),
});

/** The former version named keys by their address, in lower case. */
const formerSchema = z.strictObject({
  format: z.literal('quorate-replacement/v1'),
  ...fields,
  shards: z.record(z.string().regex(/^0x[0-9a-f]{40}$/), shard),
});

const anySchema = z.discriminatedUnion('format', [
  formerSchema,
  z.looseObject({ format: z.literal('quorate-replacement/v2') }),
]);

/** Reads the journal of a directory, if a replacement is open there. @throws AgentError `store/tampered` */
export function readJournal(directory: string): Journal | undefined {
  return load(directory)?.journal;
}

function load(
  directory: string,
): { readonly journal: Journal; readonly isFormer: boolean } | undefined {
  const path = pathOf(directory);
  const text = readIfPresent(path)?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    const content = anySchema.parse(JSON.parse(text));
    const isFormer = content.format === 'quorate-replacement/v1';
    return {
      journal: isFormer ? upgraded(content, directory) : journalSchema.parse(content),
      isFormer,
    };
  } catch (error) {
    throw new HolderError('store/tampered', `the journal ${path} cannot be used`, error);
  }
}

/** Names the keys of a former journal by their ids, which this agent's own records know. */
function upgraded(former: z.output<typeof formerSchema>, directory: string): Journal {
  const records = readAgentRecords(directory);
  const shards = Object.entries(former.shards).map(([address, moved]) => {
    const key = records.keyByAddress(address);
    if (key === undefined) throw new Error(`no key with address ${address}`);
    return [key.key_id, moved] as const;
  });
  return { ...former, format: 'quorate-replacement/v2', shards: Object.fromEntries(shards) };
}

/** Writes a journal of a former version in the present form. The caller holds the directory's lock. */
export function upgradeJournal(directory: string): void {
  const found = load(directory);
  if (found?.isFormer === true) writeJournal(directory, found.journal);
}

/** Writes the journal; it is on disk when the call returns. */
export function writeJournal(directory: string, journal: Journal): Journal {
  replaceFile(pathOf(directory), `${JSON.stringify(journal, null, 2)}\n`);
  return journal;
}

/** Removes the journal: the replacement is over. */
export function removeJournal(directory: string): void {
  removeIfPresent(pathOf(directory));
  syncDirectory(directory);
}

/**
 * Keeps an agent from running on a directory when nobody knows which chip is in use.
 * @throws AgentError `replace/unfinished`
 */
export function checkNoSwitch(directory: string): void {
  if (readJournal(directory)?.phase !== 'switching') return;
  throw new AgentError(
    'replace/unfinished',
    'the chip is being replaced; finish it first: quorate chips replace',
  );
}

function pathOf(directory: string): string {
  return join(directory, STATE_FILES.replacement);
}
