// Records session keys under a limit of the file's size, as on a disk that fills up in the middle of a line;
// then the limit is lifted, and one more is recorded. Prints what was recorded, one a line.
import { execFileSync } from 'node:child_process';
import { openUsedSessions } from '../../dist/records/usedSessions.js';

const [path] = process.argv.slice(2);
const used = openUsedSessions(path);
const recorded = [];
const record = (key) => {
  used.add(key, 1);
  recorded.push(key);
};
let failure;
for (let n = 0; failure === undefined; n += 1) {
  try {
    record(`session-${n}`);
  } catch (error) {
    failure = error.code;
  }
}
execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:unlimited']);
record('after');
used.close();
process.stdout.write(JSON.stringify({ failure, recorded }));
