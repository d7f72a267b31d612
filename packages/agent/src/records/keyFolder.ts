/**
 * Reads a folder of key records, also those of former versions, which named files by address. A crash during their
 * rewriting leaves a key in two files.
 */
import { CodedError, HolderError, readIfPresent } from '@quorate/holder';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bannedIndexes, fileName, isLabelOf, type KeyRecord, parseKeyRecord } from './keyRecord.ts';

/** The content of a folder of key records. */
export interface KeyFolder {
  readonly records: readonly KeyRecord[];
  /** Ids of the keys that have a file of a former version. */
  readonly former: ReadonlySet<string>;
}

/** Reads all records. @throws HolderError `store/tampered` for a file that is not one, or is under another's name */
export function readKeyFolder(directory: string): KeyFolder {
  const records = new Map<string, KeyRecord>();
  const former = new Map<string, KeyRecord>();
  for (const name of readdirSync(directory)) {
    if (!name.endsWith('.json')) continue;
    const record = readRecord(join(directory, name), name);
    if (record === undefined) continue;
    (name === fileName(record) ? records : former).set(record.key_id, record);
  }
  for (const [keyId, old] of former) {
    const record = records.get(keyId);
    records.set(keyId, record === undefined ? old : withBansOf(record, old));
  }
  checkLabels(directory, [...records.values()]);
  return { records: [...records.values()], former: new Set(former.keys()) };
}

/** Prefers the newer file, and keeps the bans of both. */
function withBansOf(record: KeyRecord, old: KeyRecord): KeyRecord {
  const banned = bannedIndexes(record);
  const more = old.bans.filter(({ part_index }) => !banned.includes(part_index));
  return more.length === 0 ? record : { ...record, bans: [...record.bans, ...more] };
}

/** Reads one record; undefined when its file went since the folder was listed: an agent writes it anew beside us. */
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

/** Two keys under one address: a lookup would find either. */
function checkLabels(directory: string, records: readonly KeyRecord[]): void {
  for (const [at, record] of records.entries()) {
    if (!records.slice(0, at).some((other) => isLabelOf(other, record.address))) continue;
    const message = `two keys in ${directory} have the address ${record.address}`;
    throw new HolderError('store/tampered', message);
  }
}
