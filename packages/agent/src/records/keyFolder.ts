/**
 * Reads the folder of key records of former versions: the first ones named files by address. A crash during their
 * rewriting left a key in two files.
 */
import { CodedError, HolderError, readIfPresent } from '@quorate/holder';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bannedIndexes, fileName, type KeyRecord, parseKeyRecord } from './keyRecord.ts';
import { MOVED_FILE } from './names.ts';

/** Reads all records. @throws HolderError `store/tampered` for a file that is not one, or is under another's name */
export function readKeyFolder(directory: string): readonly KeyRecord[] {
  if (!existsSync(directory)) return [];
  const records = new Map<string, KeyRecord>();
  const former = new Map<string, KeyRecord>();
  for (const name of readdirSync(directory)) {
    if (!name.endsWith('.json') || name === MOVED_FILE) continue;
    const record = readRecord(join(directory, name), name);
    if (record === undefined) continue;
    (name === fileName(record) ? records : former).set(record.key_id, record);
  }
  for (const [keyId, old] of former) {
    const record = records.get(keyId);
    records.set(keyId, record === undefined ? old : withBansOf(record, old));
  }
  return [...records.values()];
}

/** Prefers the newer file, and keeps the bans of both. */
function withBansOf(record: KeyRecord, old: KeyRecord): KeyRecord {
  const banned = bannedIndexes(record);
  const more = old.bans.filter(({ part_index }) => !banned.includes(part_index));
  return more.length === 0 ? record : { ...record, bans: [...record.bans, ...more] };
}

/** Reads one record; undefined when its file went since the folder was listed: an agent moves it beside us. */
function readRecord(path: string, name: string): KeyRecord | undefined {
  // A disk that does not give the file says nothing of its content.
  const bytes = readIfPresent(path);
  if (bytes === undefined) return undefined;
  try {
    const parsed = parseKeyRecord(JSON.parse(bytes.toString('utf8')));
    if (parsed.name !== name) throw new Error(`the key inside belongs into ${parsed.name}`);
    return parsed.record;
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new HolderError('store/tampered', `key record ${path} cannot be used`, error);
  }
}
