/**
 * The one way to read an opener from a chip: every attempt is counted on disk before the chip is asked, and the
 * chip's own count must fit (docs/spec/channel.md §6, E-1).
 */
import type { Chip, ReadRequest } from './chip.ts';
import { isBeforeCount } from './refusals.ts';

/** Attempts of unknown outcome, each of which widens what is believed of the chip's count. */
const MAX_OUTSTANDING = 8;

/** How often the chip has released a key's opener. */
export interface Releases {
  /** The count that the chip gave with the last release that was confirmed. */
  readonly confirmed: number;
  /** Attempts since then whose outcome is not known: each may have raised the chip's count by one. */
  readonly outstanding: number;
}

/** The durable count of one record's releases. */
export interface ReleaseCounter {
  read(): Releases;
  /** On disk when the call returns. */
  write(releases: Releases): void;
}

/** The result of a read; `rolled-back` and `unclear` give no opener. */
export type CountedRead =
  /** `secret`: 32 bytes that the caller wipes. */
  | { readonly outcome: 'released'; readonly secret: Uint8Array }
  /** Too many attempts have an unknown outcome; the chip was not asked. */
  | { readonly outcome: 'unclear'; readonly outstanding: number }
  /** The chip's count is impossible: its state, or this agent's, is an older copy. */
  | {
      readonly outcome: 'rolled-back';
      readonly actual: number;
      readonly least: number;
      readonly most: number;
    };

/**
 * Reads an opener. Two reads of one record must not overlap.
 * @throws SecureElementError what the chip refused; the attempt is taken back if the chip cannot have counted it
 */
export async function countedRead(
  chip: Chip,
  request: ReadRequest,
  counter: ReleaseCounter,
): Promise<CountedRead> {
  const before = counter.read();
  const { confirmed, outstanding } = before;
  if (outstanding >= MAX_OUTSTANDING) return { outcome: 'unclear', outstanding };
  counter.write({ confirmed, outstanding: outstanding + 1 });
  const { secret, releaseCount: actual } = await chip.read(request).catch((error: unknown) => {
    if (isBeforeCount(error)) counter.write(before);
    throw error;
  });
  // This release and, at most, each attempt of unknown outcome have raised the chip's count.
  const least = confirmed + 1;
  const most = least + outstanding;
  if (actual < least || actual > most) {
    secret.fill(0);
    return { outcome: 'rolled-back', actual, least, most };
  }
  try {
    counter.write({ confirmed: actual, outstanding: 0 });
    return { outcome: 'released', secret };
  } catch (error) {
    // No opener is given out without its release being on disk.
    secret.fill(0);
    throw error;
  }
}
