// Records session keys under a limit of the file's size, as on a disk that fills up in the middle of a write;
// then the limit is lifted, and one more is tried. Prints the failures, and what was recorded.
import { execFileSync } from 'node:child_process';
import { openState } from '../../dist/index.js';

const [directory] = process.argv.slice(2);
const state = openState(directory);
const recorded = [];
const failures = [];
const record = async (session_key) => {
  try {
    await state.sessions.begin({ ...common, session_key });
    recorded.push(session_key);
  } catch (error) {
    failures.push(error.code);
  }
};
const common = {
  kind: 'keygen',
  part_index: 2,
  state: 'accepted',
  intent_hash: '',
  key_id: null,
  reason: null,
  settled: false,
  updated_at: 1,
};
for (let n = 0; failures.length === 0; n += 1) await record(`session-${n}`);
execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:unlimited']);
await record('after');
state.close();
process.stdout.write(JSON.stringify({ failures, recorded }));
