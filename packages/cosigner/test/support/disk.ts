/** A disk that is full, for some of what is to be written. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyRecord, KeyRecords } from '../../src/store/keyRecords.ts';
import type { SessionRecords } from '../../src/store/sessionRecords.ts';

/** A disk that refuses, while it is broken, the changes of keys that it is told to, and new sessions. */
export class Disk {
  refuses: (changed: KeyRecord, before: KeyRecord) => boolean = () => false;
  sessionsFit = true;
  readonly directory = mkdtempSync(join(tmpdir(), 'quorate-cosigner-'));
  readonly keys = (records: KeyRecords): KeyRecords => ({
    ...records,
    update: (id, change) =>
      records.update(id, (record) => {
        const changed = change(record);
        if (this.refuses(changed, record)) throw new Error('no space left');
        return changed;
      }),
  });
  readonly sessions = (sessions: SessionRecords): SessionRecords => ({
    find: (id) => sessions.find(id),
    findByRequest: (id) => sessions.findByRequest(id),
    update: (id, change) => sessions.update(id, change),
    list: (query) => sessions.list(query),
    add: (record) => {
      if (!this.sessionsFit) throw new Error('no space left');
      sessions.add(record);
    },
  });
}
