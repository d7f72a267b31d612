/** A signature may cross a refresh: both sides must use the epoch that they certified. */
import type { KeyFacts } from './terms.ts';

/** Whether the key has the epoch that was agreed on; null for no key. */
export function isOfEpoch(key: KeyFacts | null, epoch: number | null): boolean {
  return (key?.epoch ?? null) === epoch;
}
