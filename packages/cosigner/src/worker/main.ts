/** The protocol thread: carries orders of the main thread to the sessions and their events back. */
import { parentPort } from 'node:worker_threads';
import { ProtocolHost } from './host.ts';
import type { WorkerOrder } from './protocol.ts';

/** How long a thread has nothing to do before it works ahead, milliseconds. */
const IDLE_MS = 3;

const port = parentPort;
if (!port) throw new Error('unreachable: the protocol thread runs as a worker thread');

const host = new ProtocolHost((event, transfer) => port.postMessage(event, [...transfer]));
let idle: NodeJS.Timeout | undefined;

function workAhead(): void {
  if (host.idle()) idle = setTimeout(workAhead, IDLE_MS);
}

port.on('message', (order: WorkerOrder) => {
  clearTimeout(idle);
  host.handle(order);
  idle = setTimeout(workAhead, IDLE_MS);
});
port.postMessage({ event: 'ready', id: '' });
