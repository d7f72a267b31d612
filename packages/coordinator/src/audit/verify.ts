import { z } from 'zod';
import { canonicalJson } from './canonical.ts';
import { type Checkpoint, CheckpointSchema, verifyCheckpoint } from './checkpoint.ts';
import { DESTROYED, destructionProblem, unprovenIn } from './destruction.ts';
import { canonicalBody, type Entry, EntrySchema, entryHash, GENESIS } from './entry.ts';
import { ADOPTED, formerKeysIn, keyAt } from './keysInForce.ts';

/** The first line of an export. */
const ExportHeader = z.strictObject({
  format: z.literal('quorate-audit/v1'),
  public_key: z.string().regex(/^[0-9a-f]{64}$/),
});

const EntryLine = z.strictObject({ entry: EntrySchema });
const CheckpointLine = z.strictObject({ checkpoint: CheckpointSchema });

/** The possible defects of an export. */
export type AuditProblem =
  | 'malformed'
  | 'altered'
  | 'missing'
  | 'reordered'
  | 'duplicated'
  | 'truncated'
  | 'rewritten'
  | 'unsigned-tail'
  | 'wrong-signature'
  | 'wrong-certificate'
  | 'wrong-key';

/** Facts that the caller has from elsewhere, and that the export must agree with. */
export interface AuditExpectation {
  /** The server's audit key, 64 hex digits. Without it the export vouches only for itself. */
  readonly publicKey?: string;
  /** A checkpoint kept from an earlier day: the export must still contain that head. */
  readonly checkpoint?: Checkpoint;
}

/** An entry that a reader of the log should notice. */
interface NotableEntry {
  readonly seq: number;
  readonly action: string;
  readonly subject: string;
}

/** The result of {@link auditVerify}. */
export type AuditVerdict =
  | {
      readonly ok: true;
      readonly entries: number;
      readonly checkpoints: number;
      /** Destroyed keys, each with a valid certificate. */
      readonly destroyed: readonly string[];
      /** Those of them that are unproven for some holders, because an administrator closed the destruction. */
      readonly unproven: readonly Unproven[];
      readonly publicKey: string;
      /** Entries that change the log itself: its key, its past, its clock. */
      readonly notable: readonly NotableEntry[];
      /** Whether the key was compared with one from elsewhere. */
      readonly pinned: boolean;
      readonly lastCheckpoint?: Checkpoint;
    }
  | {
      readonly ok: false;
      readonly problem: AuditProblem;
      /** The first entry concerned; absent if the file as a whole is. */
      readonly seq?: number;
      /** 1-based line of the file. */
      readonly line?: number;
      readonly message: string;
    };

/** A key whose destruction was closed without the proof of these holders. */
interface Unproven {
  readonly address: string;
  readonly participants: readonly string[];
  readonly closedBy: string;
}

type Failure = Extract<AuditVerdict, { ok: false }>;

interface Export {
  readonly publicKey: string;
  /** The audit key in force at an entry. */
  readonly keyAt: (seq: number) => string;
  readonly entries: readonly { readonly entry: Entry; readonly line: number }[];
  readonly checkpoints: readonly { readonly checkpoint: Checkpoint; readonly line: number }[];
}

/**
 * Checks an export of the audit log without a server, and names the first entry that was altered, left out or
 * moved. docs/spec/audit.md §4.
 *
 * Security: without `publicKey`, a forger who also replaces the key in the file passes; without a `checkpoint`
 * kept elsewhere, a log cut back to an older signed checkpoint passes.
 */
export function auditVerify(text: string, expected: AuditExpectation = {}): AuditVerdict {
  const file = parseExport(text);
  if ('ok' in file) return file;
  if (expected.publicKey !== undefined && expected.publicKey.toLowerCase() !== file.publicKey) {
    return fail('wrong-key', 'the export comes from a log with another audit key');
  }
  const problem =
    checkOrder(file) ??
    checkChain(file) ??
    checkCheckpoints(file) ??
    checkDestructions(file) ??
    checkExpected(file, expected);
  if (problem !== undefined) return problem;
  const last = file.checkpoints.at(-1)?.checkpoint;
  return {
    ok: true,
    entries: file.entries.length,
    checkpoints: file.checkpoints.length,
    destroyed: destructionsIn(file).map(({ entry }) => entry.subject),
    unproven: destructionsIn(file).flatMap(({ entry }) => unprovenOf(entry)),
    publicKey: file.publicKey,
    notable: notableIn(file),
    pinned: expected.publicKey !== undefined,
    ...(last === undefined ? {} : { lastCheckpoint: last }),
  };
}

function unprovenOf(entry: Entry): Unproven[] {
  const participants = unprovenIn(entry);
  const closedBy = String(entry.details['closed_by'] ?? '');
  return participants.length === 0 ? [] : [{ address: entry.subject, participants, closedBy }];
}

function parseExport(text: string): Export | Failure {
  if (!text.endsWith('\n')) {
    return fail('truncated', 'the file ends in the middle of a line');
  }
  const lines = text.slice(0, -1).split('\n');
  const header = ExportHeader.safeParse(parseLine(lines[0] ?? ''));
  if (!header.success) {
    return fail('malformed', 'line 1 is not the header of an audit export', { line: 1 });
  }
  const entries: { entry: Entry; line: number }[] = [];
  const checkpoints: { checkpoint: Checkpoint; line: number }[] = [];
  for (const [index, content] of lines.entries()) {
    if (index === 0) continue;
    const line = index + 1;
    const value = parseLine(content);
    const entry = EntryLine.safeParse(value);
    const checkpoint = CheckpointLine.safeParse(value);
    if (entry.success) entries.push({ entry: entry.data.entry, line });
    else if (checkpoint.success) checkpoints.push({ ...checkpoint.data, line });
    else return malformed(line, entries.length + 1);
  }
  const publicKey = header.data.public_key;
  const former = formerKeysIn(entries.map(({ entry }) => entry));
  return { publicKey, keyAt: (seq) => keyAt(seq, former, publicKey), entries, checkpoints };
}

/** Accepts a line only in the one form that the server writes. */
function parseLine(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return canonicalJson(z.json().parse(value)) === line ? value : undefined;
  } catch {
    return undefined;
  }
}

// Step 1. Numbers run 1, 2, 3 … without a gap, a repetition or a jump back.
function checkOrder({ entries }: Export): Failure | undefined {
  const present = new Set(entries.map(({ entry }) => entry.seq));
  for (const [index, { entry, line }] of entries.entries()) {
    const expected = index + 1;
    if (entry.seq === expected) continue;
    if (entry.seq < expected) {
      return fail('duplicated', `entry ${entry.seq} appears again`, { seq: entry.seq, line });
    }
    return present.has(expected)
      ? fail('reordered', `entry ${entry.seq} stands where entry ${expected} belongs`, {
          seq: expected,
          line,
        })
      : fail('missing', `entry ${expected} is missing`, { seq: expected, line });
  }
  return undefined;
}

// Step 2. Every hash matches its entry, and every entry names the hash before it.
function checkChain({ entries }: Export): Failure | undefined {
  let previous = GENESIS;
  let last: { entry: Entry; line: number } | undefined;
  for (const { entry, line } of entries) {
    const { seq, at, previous: named, hash, ...body } = entry;
    if (entryHash(seq, at, canonicalBody(body), named) !== hash) return altered(seq, line);
    if (named !== previous) return altered(last?.entry.seq ?? seq, last?.line ?? line);
    previous = hash;
    last = { entry, line };
  }
  return undefined;
}

// Step 3. Every checkpoint is signed and agrees with the chain, and the last one covers the last entry.
function checkCheckpoints({ entries, checkpoints, keyAt: keyOf }: Export): Failure | undefined {
  let covered = 0;
  for (const { checkpoint, line } of checkpoints) {
    const { seq, hash } = checkpoint;
    if (!verifyCheckpoint(checkpoint, keyOf(seq))) {
      return fail(
        'wrong-signature',
        `the checkpoint at entry ${seq} is not signed by the audit key`,
        {
          seq,
          line,
        },
      );
    }
    const entry = entries[seq - 1]?.entry;
    if (entry === undefined) return truncated(entries.length + 1, seq);
    if (entry.hash !== hash) return rewritten(covered + 1, seq);
    covered = Math.max(covered, seq);
  }
  if (covered === entries.length) return undefined;
  return fail('unsigned-tail', `entries from ${covered + 1} on are covered by no checkpoint`, {
    seq: covered + 1,
  });
}

// Step 4. Every certificate of a destroyed key is signed, and so are the receipts in it.
function checkDestructions(file: Export): Failure | undefined {
  for (const { entry, line } of destructionsIn(file)) {
    const problem = destructionProblem(entry, file.keyAt(entry.seq));
    if (problem === undefined) continue;
    const { seq } = entry;
    const message = `the destruction certificate in entry ${seq} is not valid: ${problem}`;
    return fail('wrong-certificate', message, { seq, line });
  }
  return undefined;
}

/**
 * Actions of notable entries: another key signs, a log was accepted that did not continue from the last head,
 * the clock was set.
 */
const NOTABLE: ReadonlySet<string> = new Set([ADOPTED, 'audit.adopt', 'clock.step']);

function notableIn({ entries }: Export): NotableEntry[] {
  return entries.flatMap(({ entry: { seq, action, subject } }) =>
    NOTABLE.has(action) ? [{ seq, action, subject }] : [],
  );
}

function destructionsIn({ entries }: Export): Export['entries'] {
  return entries.filter(({ entry }) => entry.action === DESTROYED);
}

// Step 5. The facts kept elsewhere are still in the log.
function checkExpected(
  { entries, keyAt: keyOf }: Export,
  { checkpoint }: AuditExpectation,
): Failure | undefined {
  if (checkpoint === undefined) return undefined;
  if (!verifyCheckpoint(checkpoint, keyOf(checkpoint.seq))) {
    return fail('wrong-signature', 'the checkpoint to compare with is not signed by the audit key');
  }
  const entry = entries[checkpoint.seq - 1]?.entry;
  if (entry === undefined) return truncated(entries.length + 1, checkpoint.seq);
  return entry.hash === checkpoint.hash ? undefined : rewritten(1, checkpoint.seq);
}

function malformed(line: number, seq: number): Failure {
  return fail('malformed', `line ${line} is not an entry or checkpoint as the server writes it`, {
    seq,
    line,
  });
}

function altered(seq: number, line: number): Failure {
  return fail('altered', `entry ${seq} differs from the entry that was written`, { seq, line });
}

function truncated(seq: number, until: number): Failure {
  return fail('truncated', `entries ${seq} to ${until} are missing at the end`, { seq });
}

function rewritten(from: number, until: number): Failure {
  return fail('rewritten', `an entry from ${from} to ${until} was rewritten after it was signed`, {
    seq: from,
  });
}

function fail(
  problem: AuditProblem,
  message: string,
  where: { seq?: number; line?: number } = {},
): Failure {
  return { ok: false, problem, message, ...where };
}
