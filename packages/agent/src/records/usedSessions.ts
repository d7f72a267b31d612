/**
 * The session keys that this participant has ever answered with a certificate (docs/spec/wire.md §10): on disk before
 * the certificate exists.
 */
import { readIfPresent } from '@quorate/holder';
import type { UsedKey } from './journalEntries.ts';

/** The used session keys. */
export interface UsedSessions {
  /** The part index under which a session key was used, or undefined when it was not. */
  find(sessionKey: string): number | undefined;
  /** The session keys that were recorded last. */
  latest(count: number): readonly string[];
}

/** Reads the file of a former version: a line a key. Nobody relied upon a line that was cut off. */
export function readUsedLog(path: string): readonly UsedKey[] {
  const text = readIfPresent(path)?.toString('utf8') ?? '';
  const used = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [sessionKey, partIndex] = line.split(' ');
    const index = Number(partIndex ?? 0);
    if (sessionKey) used.set(sessionKey, Number.isSafeInteger(index) && index > 0 ? index : 0);
  }
  return [...used];
}
