/**
 * The progress of this client in its two numbered streams with the coordinator (docs/spec/wire.md §3).
 */
import { type Logger, messageOf, readIfPresent, replaceFile } from '@quorate/holder';
import { randomInt } from 'node:crypto';
import { z } from 'zod';

/** The client numbers that are set aside on disk at a time, so that a crash never reuses one. */
const RESERVE = 4096;

/** The numbers of one (user, role) at one coordinator. */
export interface LinkState {
  /** The coordinator's database, or null before the first registration. */
  readonly stream: string | null;
  /** The last server message that was processed. */
  readonly seq: number;
  /** Takes note of a processed server message; `save` makes it durable. */
  processed(seq: number): void;
  /** Starts over when the coordinator's database is another one. */
  changeStream(stream: string): void;
  /** The next number of a client message; never given out twice, even over a crash. */
  nextCseq(): number;
  /** Skips client numbers that the coordinator has seen already. */
  skipCseq(seen: number): void;
  save(): void;
}

interface Kept {
  readonly stream: string | null;
  readonly seq: number;
  readonly cseq: number;
}

const fileSchema: z.ZodType<Kept> = z.strictObject({
  stream: z.string().nullable(),
  seq: z.int().nonnegative(),
  cseq: z.int().nonnegative(),
});

/**
 * Opens the state kept in a file, or one in memory when there is no path. `before` makes durable everything that the
 * processed messages changed: nothing is claimed as processed before that.
 */
export function openLinkState(path?: string, before: () => void = () => undefined): LinkState {
  const kept = path === undefined ? undefined : load(path);
  let stream = kept?.stream ?? null;
  let seq = kept?.seq ?? 0;
  let cseq = kept?.cseq ?? 0;
  let reserved = cseq;
  let dirty = false;
  /** Nothing counts as set aside or kept before it is on disk. */
  const save = (upTo = reserved): void => {
    dirty = true;
    before();
    if (path !== undefined) replaceFile(path, `${JSON.stringify({ stream, seq, cseq: upTo })}\n`);
    reserved = upTo;
    dirty = false;
  };
  return {
    get stream() {
      return stream;
    },
    get seq() {
      return seq;
    },
    processed: (value) => {
      seq = value;
      dirty = true;
    },
    changeStream: (value) => {
      stream = value;
      seq = 0;
      save();
    },
    nextCseq: () => {
      if (cseq >= reserved) save(cseq + 1 + RESERVE);
      cseq += 1;
      return cseq;
    },
    skipCseq: (seen) => {
      if (seen > cseq) cseq = seen;
    },
    save: () => {
      if (dirty) save();
    },
  };
}

/** Keeps how far a link has come at its end; the rest is sent again by the coordinator, and recognised. */
export function saveAtEnd(state: LinkState, logger: Logger): void {
  try {
    state.save();
  } catch (error) {
    logger.warn({ error: messageOf(error) }, 'the disk did not take the state of the link');
  }
}

/** A damaged file costs a replay of unacknowledged messages, which are recognised as known. */
function load(path: string): Kept | undefined {
  const text = readIfPresent(path)?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    return { stream: null, seq: 0, cseq: Date.now() + randomInt(1024) };
  }
}
