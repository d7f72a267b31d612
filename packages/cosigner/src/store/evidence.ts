/** Signed messages that show a deviation, one file a session. */
import { createFile, makePrivateDirectory } from '@quorate/holder';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Sessions whose evidence is kept. */
const KEPT = 1000;

/**
 * Opens the folder; returns the function that keeps evidence there. The first sessions count, because they
 * show all there is to show: a partner that deviates in every session must not fill the disk.
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
