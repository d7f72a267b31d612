/**
 * Counts how often the chip has released the opener of a key's share, and the effect of a lock on that count
 * (docs/spec/cosigner.md, "Store", E-1).
 */
import type { ReleasePolicy, Releases } from '@quorate/holder';

/**
 * A refresh gives a share a new count, so the chip is always asked. Without a limit, releases that are made to
 * fail before the chip counts would let an older record explain any count that a lock has raised.
 */
export const RELEASE_POLICY: ReleasePolicy = { bound: 3, over: 'cap' };

/** The releases of a share's opener, and the effect of a lock on them. */
export interface ShareReleases extends Releases {
  /** The highest count that any record of this share explains, after any number of failed attempts. */
  readonly explained: number;
  /**
   * The count that the chip must reach so that no record from before the lock explains the next one; null once
   * it has.
   */
  readonly due: number | null;
}

/** The releases of a new record. */
export const NO_RELEASES: ShareReleases = {
  confirmed: 0,
  outstanding: 0,
  explained: 1 + RELEASE_POLICY.bound,
  due: null,
};

/** The highest count that a record with these releases, or one before it, can explain. */
export function explainedBy({ confirmed, explained }: ShareReleases): number {
  return Math.max(explained, confirmed + 1 + RELEASE_POLICY.bound);
}
