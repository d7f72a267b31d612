/** Signed messages that show a deviation, one file a session. */
import { createFile, makePrivateDirectory } from '@quorate/holder';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Sessions whose evidence is kept. */
const KEPT = 1000;

/**
 * Opens the folder; gives who keeps evidence there. The first sessions count, which show what there is
 * to show: a partner that deviates in every session does not fill the disk.
 */
export function openEvidence(
  directory: string,
  kept: number = KEPT,
): (sessionId: string, evidence: unknown) => void {
  makePrivateDirectory(directory);
  const names = new Set(readdirSync(directory));
  return (sessionId, evidence) => {
    const name = `${sessionId}.json`;
    if (names.has(name) || names.size >= kept) return;
    createFile(join(directory, name), `${JSON.stringify(evidence)}\n`);
    names.add(name);
  };
}
