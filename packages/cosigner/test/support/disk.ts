/** A disk that is full or broken, for some of what is to be written. */
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import type { KeyRecord, KeyRecords } from '../../src/store/keyRecords.ts';
import type { SessionRecords } from '../../src/store/sessionRecords.ts';

/** Key records, some of whose work is done by others. */
function keysWith(records: KeyRecords, others: Partial<KeyRecords>): KeyRecords {
  return {
    find: (id) => records.find(id),
    list: () => records.list(),
    add: (record) => records.add(record),
    update: (id, change) => records.update(id, change),
    count: (id, releases) => records.count(id, releases),
    withdraw: (id, lock) => records.withdraw(id, lock),
    canWithdraw: () => records.canWithdraw(),
    found: records.found,
    remove: (id) => records.remove(id),
    moduli: () => records.moduli(),
    areNew: (moduli) => records.areNew(moduli),
    onDue: (listener) => records.onDue(listener),
    ...others,
  };
}

/**
 * A disk that refuses, while it is broken, the changes of keys that it is told to, and new sessions. One
 * that is only full lets files be deleted.
 */
export class Disk {
  refuses: (changed: KeyRecord, before: KeyRecord) => boolean = () => false;
  deletes = false;
  sessionsFit = true;
  /** No room for anything that is appended. */
  full = false;
  readonly isFull = (): boolean => this.full;
  readonly directory = temporaryDirectory();
  readonly keys = (records: KeyRecords): KeyRecords =>
    keysWith(records, {
      update: (id, change) =>
        records.update(id, (record) => {
          const changed = change(record);
          if (this.refuses(changed, record)) throw new Error('no space left');
          return changed;
        }),
      withdraw: (id, lock) => {
        const record = records.find(id);
        if (record === undefined) throw new Error('no such key');
        const changed = { ...record, lock: { ...record.lock, state: lock } };
        if (!this.deletes && this.refuses(changed, record)) throw new Error('read-only');
        records.withdraw(id, lock);
      },
    });
  readonly sessions = (sessions: SessionRecords): SessionRecords => ({
    find: (id) => sessions.find(id),
    findByRequest: (caller, id) => sessions.findByRequest(caller, id),
    unknown: (partner) => sessions.unknown(partner),
    retain: (retention) => sessions.retain(retention),
    show: (id, change) => sessions.show(id, change),
    end: (id, change) => sessions.end(id, change),
    settle: (id, change) => sessions.settle(id, change),
    written: () => sessions.written(),
    list: (query) => sessions.list(query),
    add: (record) => {
      if (!this.sessionsFit) throw new Error('no space left');
      return sessions.add(record);
    },
  });
}
