/** The sessions of stores before version 4: one file each. They are read once, when the journal is made. */
import { readIfPresent, removeIfPresent } from '@quorate/holder';
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SetupError } from '../errors.ts';
import { parsedJson } from '../json.ts';
import { SESSION_FIELDS, type SessionRecord } from './sessionRecord.ts';

const FORMAT = 'quorate-two-party-session/v2';
/** The format from before request ids belonged to callers. */
const FORMAT_BEFORE = 'quorate-two-party-session/v1';

const fileSchema = z.discriminatedUnion('format', [
  z.strictObject({
    format: z.literal(FORMAT),
    caller: z.string().nullable(),
    ...SESSION_FIELDS,
  }),
  z.strictObject({ format: z.literal(FORMAT_BEFORE), ...SESSION_FIELDS }),
]);

/** Reads a record. @throws SetupError `store/tampered` */
export function readSessionFile(path: string): SessionRecord {
  const parsed = fileSchema.safeParse(parsedJson(readIfPresent(path) ?? ''));
  if (!parsed.success) {
    throw new SetupError('store/tampered', `${path} is not a session record`);
  }
  const { format: _, ...record } = parsed.data;
  return { caller: null, ...record };
}

/** Reads all, the oldest first. @throws SetupError `store/tampered` */
export function readFormerSessions(directory: string): SessionRecord[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readSessionFile(join(directory, name)))
    .sort((a, b) => a.session.created_at - b.session.created_at);
}

/** Removes them once the journal has them; what cannot be removed now is removed at the next start. */
export function removeFormerSessions(directory: string): void {
  if (!existsSync(directory)) return;
  try {
    for (const name of readdirSync(directory)) removeIfPresent(join(directory, name));
    rmdirSync(directory);
  } catch {
    // Nothing reads them any more.
  }
}
