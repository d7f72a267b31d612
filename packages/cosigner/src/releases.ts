/**
 * How often the chip has released an opener, as this store knows it (docs/spec/cosigner.md, "Store", E-1):
 * every attempt is on disk before the chip is asked. A count outside of what the attempts explain means
 * that an older store, or an older chip, was put back.
 */
import { SecureElementError } from '@quorate/secure-element';
import { CosignerError } from './errors.ts';

/**
 * The most attempts of unknown outcome that explain a count. Without a limit, releases that are made to fail
 * before the chip counts would make an older record explain whatever a lock has raised the count to.
 */
const MOST_OUTSTANDING = 3;

/** The releases of one record of the chip. */
export interface Releases {
  /** The count that the chip gave with the last release that was confirmed. */
  readonly confirmed: number;
  /**
   * Attempts since then whose outcome is not known, of which no more than `MOST_OUTSTANDING` are
   * kept: each may have raised the chip's count by one.
   */
  readonly outstanding: number;
}

/** The releases of a share's opener, and what a lock makes of them. */
export interface ShareReleases extends Releases {
  /** The highest count that any record of this share explains, after whatever attempts that fail. */
  readonly explained: number;
  /** The count that the chip must reach before no record from before the lock explains the next; null when it has. */
  readonly due: number | null;
}

/** Those of a new record. */
export const NO_RELEASES: ShareReleases = {
  confirmed: 0,
  outstanding: 0,
  explained: 1 + MOST_OUTSTANDING,
  due: null,
};

/** With an attempt that begins. */
export function attempted({ confirmed, outstanding }: Releases): Releases {
  return { confirmed, outstanding: Math.min(outstanding + 1, MOST_OUTSTANDING) };
}

/** What a record with these releases can explain, itself and all before it. */
export function explainedBy({ confirmed, explained }: ShareReleases): number {
  return Math.max(explained, confirmed + 1 + MOST_OUTSTANDING);
}

/** Whether this release and, at most, each earlier attempt of unknown outcome have raised the count. */
export function isExplained({ confirmed, outstanding }: Releases, actual: number): boolean {
  const least = confirmed + 1;
  return actual >= least && actual <= least + Math.min(outstanding, MOST_OUTSTANDING);
}

/**
 * Refusals that come before the chip raises its count (docs/spec/chip.md §3.6, §4): form, PIN,
 * challenge, session, record, authorisation. Any other word, 6581 and 6F00 among them, and no answer
 * at all leave it open whether the chip has counted.
 */
const BEFORE_COUNT: ReadonlySet<number> = new Set([
  0x6300, 0x6700, 0x6982, 0x6983, 0x6984, 0x6985, 0x6a86, 0x6a88, 0x6d00, 0x6e00,
]);

/** Whether a release failed without having been counted. */
export function isBeforeCount(error: unknown): boolean {
  const cause = error instanceof CosignerError ? error.cause : error;
  if (!(cause instanceof SecureElementError)) return false;
  // A token that failed before it counted says so.
  if (cause.unsent) return true;
  if (cause.statusWord === undefined) return false;
  const word = cause.statusWord;
  const wrongPin = word >> 4 === 0x63c;
  const wrongLength = word >> 8 === 0x6c;
  return BEFORE_COUNT.has(word) || wrongPin || wrongLength;
}
