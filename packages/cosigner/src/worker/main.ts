/** The protocol thread: carries orders of the main thread to the sessions and their events back. */
import { parentPort } from 'node:worker_threads';
import { ProtocolHost } from './host.ts';
import { OrderQueue } from './orderQueue.ts';
import type { WorkerOrder } from './protocol.ts';

/** How long a thread has nothing to do before it works ahead, milliseconds. */
const IDLE_MS = 3;

const port = parentPort;
if (!port) throw new Error('unreachable: the protocol thread runs as a worker thread');

const host = new ProtocolHost((event, transfer) => port.postMessage(event, [...transfer]));
const queue = new OrderQueue();
let idle: NodeJS.Timeout | undefined;
let working = false;

function workAhead(): void {
  if (host.idle()) idle = setTimeout(workAhead, IDLE_MS);
}

/** One order, then a look at what came in the meantime. */
function work(): void {
  const order = queue.take();
  working = order !== undefined;
  if (order === undefined) {
    idle = setTimeout(workAhead, IDLE_MS);
    return;
  }
  host.handle(order);
  setImmediate(work);
}

port.on('message', (order: WorkerOrder) => {
  clearTimeout(idle);
  queue.add(order);
  if (working) return;
  working = true;
  setImmediate(work);
});
port.postMessage({ event: 'ready', id: '' });
