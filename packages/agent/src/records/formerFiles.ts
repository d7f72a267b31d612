/**
 * The files in which former versions kept what is in the journal now, and their end (docs/spec/agent.md §3). They are
 * read as long as there is no journal, and removed once there is one.
 */
import {
  HolderError,
  readChipCounters,
  readIfPresent,
  removeIfPresent,
  replaceFile,
} from '@quorate/holder';
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { SESSION_KEY } from './commonRecord.ts';
import type { AgentEntry, UsedKey } from './journalEntries.ts';
import { BLOCK, KEPT_SESSIONS } from './journalState.ts';
import { readKeyFolder } from './keyFolder.ts';
import { MOVED_FILE, STATE_FILES } from './names.ts';
import { sessionFileName } from './sessionRecords.ts';
import { readUsedLog } from './usedSessions.ts';

/** A former version takes it for a key record that it cannot read, and does not start without its keys. */
const MOVED = {
  format: 'quorate-agent-journal',
  note: `the key records are in ${STATE_FILES.journal}; use the version that wrote it`,
};

/** The same once there is a journal: an agent that lost it would go on without its bans, counts and used session keys. */
const MADE = { ...MOVED, journal: 'made' };

const contentOf = (mark: object): string => `${JSON.stringify(mark)}\n`;

/** Keeps former versions from starting on this directory; before there is a journal. */
export function refuseFormerVersions(directory: string): void {
  const path = join(directory, STATE_FILES.keys, MOVED_FILE);
  if (!existsSync(path)) replaceFile(path, contentOf(MOVED));
}

/** Notes that there is a journal; before anything relies on it alone. */
export function noteJournal(directory: string): void {
  const path = join(directory, STATE_FILES.keys, MOVED_FILE);
  const made = contentOf(MADE);
  if (readIfPresent(path)?.toString('utf8') !== made) replaceFile(path, made);
}

/** @throws HolderError `store/tampered` for a directory whose journal was made and is not there */
export function refuseLostJournal(directory: string): void {
  const path = join(directory, STATE_FILES.journal);
  if (existsSync(path)) return;
  const mark = readIfPresent(join(directory, STATE_FILES.keys, MOVED_FILE))?.toString('utf8');
  if (mark !== contentOf(MADE)) return;
  const lost = `${path} is missing: the agent's keys, bans and counts were in it; put it back`;
  throw new HolderError('store/tampered', lost);
}

/** Reads the state from the files of former versions. @throws HolderError `store/tampered` */
export function formerEntries(directory: string): readonly AgentEntry[] {
  const { keys, used, chips } = STATE_FILES;
  const entries: AgentEntry[] = [];
  for (const record of readKeyFolder(join(directory, keys))) entries.push({ type: 'key', record });
  const usedKeys = readUsedLog(join(directory, used));
  // An entry must fit into a frame, however many there are.
  for (let at = 0; at < usedKeys.length; at += BLOCK) {
    entries.push({ type: 'used', keys: usedKeys.slice(at, at + BLOCK) });
  }
  for (const [key, counter] of readChipCounters(join(directory, chips))) {
    entries.push({ type: 'chip', key, counter });
  }
  for (const usedKey of usedKeys.slice(-KEPT_SESSIONS)) {
    const entry = formerSession(directory, usedKey);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

/** Removes the files: the journal holds everything of them. */
export function removeFormerFiles(directory: string): void {
  const { keys, used, chips, sessions } = STATE_FILES;
  for (const name of readdirSync(join(directory, keys))) {
    const isRecord = /\.json(\.tmp)?$/.test(name) && name !== MOVED_FILE;
    if (isRecord) removeIfPresent(join(directory, keys, name));
  }
  for (const name of [used, chips]) removeIfPresent(join(directory, name));
  const folder = join(directory, sessions);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (/_\d+\.json(\.tmp)?$/.test(name)) removeIfPresent(join(folder, name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** The record as it lies there, still sealed. */
function formerSession(
  directory: string,
  [sessionKey, partIndex]: UsedKey,
): AgentEntry | undefined {
  if (!SESSION_KEY.test(sessionKey)) return undefined;
  const name = sessionFileName(sessionKey, partIndex);
  const sealed = readIfPresent(join(directory, STATE_FILES.sessions, name))?.toString('utf8');
  return sealed === undefined ? undefined : { type: 'session', name, sealed, over: true };
}
