/**
 * The one way to have an opener released: every attempt is counted on disk before the chip is asked, and the chip's own
 * count must fit what the attempts explain (docs/spec/channel.md §6, docs/spec/cosigner.md "Store", E-1).
 */
import { isBeforeCount } from './refusals.ts';

/** How often the chip has released the opener of one record, as this machine knows it. */
export interface Releases {
  /** The count that the chip gave with the last release that was confirmed. */
  readonly confirmed: number;
  /** Attempts since then with an unknown outcome: each may have raised the chip's count by one. */
  readonly outstanding: number;
}

/** How many attempts of unknown outcome are believed. */
export interface ReleasePolicy {
  /** The most attempts of unknown outcome that explain a count. */
  readonly bound: number;
  /**
   * The consequence of one more attempt. `refuse`: the chip is not asked, because a key that cannot get a new count must
   * not be lost to one attempt too many. `cap`: the chip is asked and the number stays, because failing attempts must not
   * explain every count.
   */
  readonly over: 'refuse' | 'cap';
}

/** The durable count of one record's releases. */
export interface ReleaseCounter {
  read(): Releases;
  /** On disk when it returns, or resolves: the chip is asked only then. */
  write(releases: Releases): Promise<void> | void;
  /**
   * Takes the count that the chip gave, explained by the attempts. It may reach the disk later, if everything that is written after it reaches the
   * disk after it: until then the attempt, which is on disk, explains it (docs/spec/channel.md §6).
   */
  confirm(releases: Releases): void;
}

/** The answer of a chip that released. */
export interface Released {
  /** Secret. 32 bytes that the receiver wipes. */
  readonly secret: Uint8Array;
  readonly releaseCount: number;
}

/** A count of the chip that attempts do not explain: its state, or this machine's, is an older copy. */
interface UnexplainedCount {
  readonly actual: number;
  readonly least: number;
  readonly most: number;
}

/** One release. */
export interface ReleaseOrder {
  readonly policy: ReleasePolicy;
  readonly counter: ReleaseCounter;
  /** Asks the chip. */
  readonly ask: () => Promise<Released>;
  /**
   * Decides about an opener whose count is not explained, before that count is confirmed; `wipe` by default.
   */
  readonly onUnexplained?: (count: UnexplainedCount) => 'give' | 'wipe';
}

/** How a release ended; `rolled-back` and `unclear` give no opener. */
export type CountedRelease =
  /** `secret`: 32 bytes that the caller wipes. */
  | { readonly outcome: 'released'; readonly secret: Uint8Array }
  /** Too many attempts have an unknown outcome; the chip was not asked. */
  | { readonly outcome: 'unclear'; readonly outstanding: number }
  | ({ readonly outcome: 'rolled-back' } & UnexplainedCount);

/**
 * Has an opener released. Two releases of one record must not overlap.
 * @throws whatever the chip refused; the attempt is taken back if the chip cannot have counted it
 */
export async function countedRelease({
  policy: { bound, over },
  counter,
  ask,
  onUnexplained = () => 'wipe',
}: ReleaseOrder): Promise<CountedRelease> {
  const before = counter.read();
  const { confirmed, outstanding } = before;
  if (over === 'refuse' && outstanding >= bound) return { outcome: 'unclear', outstanding };
  await counter.write({ confirmed, outstanding: Math.min(outstanding + 1, bound) });
  const { secret, releaseCount: actual } = await ask().catch(async (error: unknown) => {
    if (isBeforeCount(error)) await counter.write(before);
    throw error;
  });
  try {
    // This release and, at most, each attempt of unknown outcome have raised the chip's count.
    const least = confirmed + 1;
    const count = { actual, least, most: least + Math.min(outstanding, bound) };
    const isExplained = actual >= count.least && actual <= count.most;
    if (!isExplained && onUnexplained(count) === 'wipe') {
      secret.fill(0);
      return { outcome: 'rolled-back', ...count };
    }
    const after = { confirmed: actual, outstanding: 0 };
    // No attempt on disk explains the count of an opener that is given all the same.
    if (isExplained) counter.confirm(after);
    else await counter.write(after);
    return { outcome: 'released', secret };
  } catch (error) {
    // No opener is given out unless its release is counted.
    secret.fill(0);
    throw error;
  }
}
