/**
 * The session keys that this participant has ever answered with a certificate (docs/spec/wire.md §10):
 * an append-only file, flushed before the certificate exists.
 */
import { FILE_MODE, readIfPresent, storing, writeDurably } from '@quorate/holder';
import { closeSync, openSync } from 'node:fs';

/** The record of used session keys. */
export interface UsedSessions {
  /** The part index under which a session key was used, or undefined when it was not. */
  find(sessionKey: string): number | undefined;
  /** The session keys that were recorded last. */
  latest(count: number): readonly string[];
  /** Records a session key durably; false when it was recorded before. */
  add(sessionKey: string, partIndex: number): boolean;
  close(): void;
}

/** Opens the record. Nobody relied upon a line that was cut off; it is closed, not removed. */
export function openUsedSessions(path: string): UsedSessions {
  const text = readIfPresent(path)?.toString('utf8') ?? '';
  const used = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [sessionKey, partIndex] = line.split(' ');
    if (sessionKey) used.set(sessionKey, Number(partIndex ?? 0));
  }
  const descriptor = openSync(path, 'a', FILE_MODE);
  // A line that was cut off by a crash or a full disk must not swallow the one after it.
  let isTorn = text !== '' && !text.endsWith('\n');
  const append = (line: string): void => {
    const content = Buffer.from(isTorn ? `\n${line}` : line);
    isTorn = true;
    writeDurably(descriptor, content);
    isTorn = false;
  };
  return {
    find: (sessionKey) => used.get(sessionKey),
    latest: (count) => [...used.keys()].slice(-count),
    add: (sessionKey, partIndex) => {
      if (used.has(sessionKey)) return false;
      storing(path, () => append(`${sessionKey} ${partIndex}\n`));
      used.set(sessionKey, partIndex);
      return true;
    },
    close: () => closeSync(descriptor),
  };
}
