// Locks the key of a store as a failed proof does, and is killed before its n-th call of the file system that
// changes something. `full` makes every write fail as on a full disk. It says `told` where P2 would be told, and
// `end` when the lock is done. Arguments: directory, key, kind of lock, n, [full].
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const [directory, key, kind, count, disk] = process.argv.slice(2);
const { KeyLocks } = await import('../../dist/session/locks.js');
const { openKeyRecords } = await import('../../dist/store/keyRecords.js');
const { makeRecordSeal } = await import('../../dist/store/recordSeal.js');
const { StoreJournal } = await import('../../dist/store/storeJournal.js');

const CHANGES = ['openSync', 'writeSync', 'fsyncSync', 'renameSync', 'unlinkSync', 'ftruncateSync'];
let calls = 0;
let armed = false;
for (const name of CHANGES) {
  const real = fs[name];
  fs[name] = (...args) => {
    if (!armed) return real(...args);
    calls += 1;
    if (calls > Number(count)) process.kill(process.pid, 'SIGKILL');
    const makes = name === 'writeSync' || (name === 'openSync' && args[1] !== 'r');
    if (disk === 'full' && makes) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    return real(...args);
  };
}
syncBuiltinESMExports();
const { writeSync: say } = fs;

const logger = { error: () => undefined };
const path = join(directory, 'journal');
const journal = new StoreJournal({ path, first: () => [], logger });
const keys = openKeyRecords(directory, makeRecordSeal(new Uint8Array(32)), journal);
const locks = new KeyLocks({ store: { keys }, logger, now: () => 1 }, () => {
  armed = false;
  if (!locks.isUnwritten(key)) say(1, 'told\n');
  armed = true;
});
armed = true;
locks.lock(key, kind, key);
armed = false;
say(1, `end ${calls}\n`);
process.exit(0);
