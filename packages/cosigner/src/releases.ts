/**
 * How often the chip has released the opener of a key's share, and what a lock makes of that count
 * (docs/spec/cosigner.md, "Store", E-1).
 */
import type { ReleasePolicy, Releases } from '@quorate/holder';

/**
 * A refresh gives a share a new count, so the chip is always asked. Without a limit, releases that are made to fail
 * before the chip counts would make an older record explain whatever a lock has raised the count to.
 */
export const RELEASE_POLICY: ReleasePolicy = { bound: 3, over: 'cap' };

/** The releases of a share's opener, and what a lock makes of them. */
export interface ShareReleases extends Releases {
  /** The highest count that any record of this share explains, after whatever attempts that fail. */
  readonly explained: number;
  /** The count that the chip must reach before no record from before the lock explains the next; null when it has. */
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
