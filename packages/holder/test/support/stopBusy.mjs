// Opens pools of busy threads, and closes each after a moment: node stopBusy.mjs <how many>
import { setTimeout as sleep } from 'node:timers/promises';
import { ThreadPool } from '../../dist/threads/pool.js';

const entry = new URL('./busyThread.mjs', import.meta.url);
const nothing = () => undefined;
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
for (let left = Number(process.argv[2]); left > 0; left -= 1) {
  const pool = new ThreadPool({ size: 2, entry, logger, timeoutMs: 10_000, onLost: nothing });
  await sleep(150 + 3 * left);
  await pool.close();
}
process.stdout.write('closed\n');
