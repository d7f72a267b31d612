/**
 * Decides which ended sessions are kept (docs/spec/cosigner.md, "Sessions that are kept"): sessions that a
 * partner starts without a result never displace a signature, a request id or a key.
 */
import type { SessionRecord } from './sessionRecord.ts';
import { isOver } from './sessionRecord.ts';

const DAY_MS = 86_400_000;
/** Sessions without a signature and without a request id, of all partners together. */
const WITHOUT_RESULT = 10_000;
/** At least this many of each partner, however many partners there are. */
const LEAST_OF_ONE = 100;

/** How long, and how many. */
export interface Keep {
  readonly days: number;
  /** With a request id of this side; and as many requested by partners, shared among them. */
  readonly sessions: number;
}

/** Facts besides the records. */
export interface Surroundings {
  readonly now: number;
  readonly keep: Keep;
  readonly partners: number;
  /** Whether a key that this session made still exists. */
  readonly isLiving: (sessionId: string) => boolean;
}

/** The sessions to remove; the records are the oldest first. */
export function surplusOf(
  records: readonly SessionRecord[],
  { now, keep, partners, isLiving }: Surroundings,
): string[] {
  const ofOne = (all: number): number => Math.max(LEAST_OF_ONE, Math.floor(all / partners));
  const taken = new Map<string, number>();
  /** Counts the newest of a group; true for the excess ones. */
  const isSurplus = (group: string, most: number): boolean => {
    const before = taken.get(group) ?? 0;
    taken.set(group, before + 1);
    return before >= most;
  };
  return records
    .toReversed()
    .filter(({ session, request_id: request }) => {
      const { partner, session_id: id, signature, status } = session;
      if (!isOver(status) || isLiving(id)) return false;
      const kept = request !== null || signature !== null || status === 'unknown_outcome';
      if (!kept) return isSurplus(`without result ${partner}`, ofOne(WITHOUT_RESULT));
      if (session.updated_at < now - keep.days * DAY_MS) return true;
      return request === null
        ? isSurplus(`signed ${partner}`, ofOne(keep.sessions))
        : isSurplus('requested', keep.sessions);
    })
    .map(({ session }) => session.session_id);
}
