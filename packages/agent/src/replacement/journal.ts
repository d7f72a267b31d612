/**
 * What a replacement has done so far, on disk before each step that a crash could leave half done
 * (docs/spec/replace.md §4). Nothing in it is secret: ciphertexts, public keys, where the chips are.
 */
import { join } from 'node:path';
import type { ChipAttachment } from '@quorate/secure-element';
import { z } from 'zod';
import { chipSchema } from '../config.ts';
import { AgentError } from '../errors.ts';
import { readIfPresent, removeIfPresent, replaceFile, syncDirectory } from '../files/files.ts';
import { STATE_FILES } from '../records/state.ts';
import type { Releases } from '../records/keyRecords.ts';

/** A chip of a replacement. */
interface JournalChip {
  readonly attachment: ChipAttachment;
  /** 130 hex digits. */
  readonly public_key: string;
}

/** A shard that is being moved. */
export interface JournalShard {
  /** Base64, for the new chip. */
  readonly encrypted_shard: string;
  /** How often the new chip may have released its opener. */
  readonly releases: Releases;
  /** Whether the new chip was seen to open this ciphertext. */
  readonly proven: boolean;
}

/** The journal. */
export interface Journal {
  readonly format: 'quorate-replacement/v1';
  /** moving: the old chip is in use; switching: nobody here knows which; adopted: the new one is. */
  readonly phase: 'moving' | 'switching' | 'adopted';
  /** Null until the coordinator has given one. */
  readonly id: string | null;
  readonly se_id: string;
  readonly retire: 'destroyed' | 'disabled';
  readonly old_chip: JournalChip;
  readonly new_chip: JournalChip;
  /** Of the new chip, when the configuration is to name it. */
  readonly new_pin_file: string | null;
  readonly shards: Readonly<Record<string, JournalShard>>;
}

const count = z.int().nonnegative();
const chip = z.strictObject({
  attachment: chipSchema,
  public_key: z.string().regex(/^04[0-9a-f]{128}$/),
});

const journalSchema: z.ZodType<Journal> = z.strictObject({
  format: z.literal('quorate-replacement/v1'),
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
  shards: z.record(
    z.string().regex(/^0x[0-9a-f]{40}$/),
    z.strictObject({
      encrypted_shard: z.string(),
      releases: z.strictObject({ confirmed: count, outstanding: count }),
      proven: z.boolean().default(false),
    }),
  ),
});

/** Reads the journal of a directory, if a replacement is open there. @throws AgentError `store/tampered` */
export function readJournal(directory: string): Journal | undefined {
  const path = pathOf(directory);
  const text = readIfPresent(path)?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    return journalSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new AgentError('store/tampered', `the journal ${path} cannot be used`, error);
  }
}

/** Writes the journal; it is on disk when the call returns. */
export function writeJournal(directory: string, journal: Journal): Journal {
  replaceFile(pathOf(directory), `${JSON.stringify(journal, null, 2)}\n`);
  return journal;
}

/** Ends the journal: the replacement is over. */
export function removeJournal(directory: string): void {
  removeIfPresent(pathOf(directory));
  syncDirectory(directory);
}

/**
 * An agent must not run on a directory of which it is not known which chip is in use.
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
