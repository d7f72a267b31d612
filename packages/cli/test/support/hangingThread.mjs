// A protocol thread that comes up, and is then in a system call that nothing in Node can end.
import { openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

parentPort.postMessage({ event: 'ready', id: '' });
openSync(workerData.pipe, 'r');
