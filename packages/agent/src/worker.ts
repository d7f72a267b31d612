/**
 * The protocol thread: carries orders of the main thread to the sessions and their events back.
 */
import { parentPort } from 'node:worker_threads';
import { SessionHost } from './session/host.ts';
import type { WorkerOrder } from './session/protocol.ts';

const port = parentPort;
if (!port) throw new Error('unreachable: worker.js runs as a worker thread');

const host = new SessionHost((event, transfer) => port.postMessage(event, [...transfer]));
port.on('message', (order: WorkerOrder) => host.handle(order));
port.postMessage({ event: 'ready', id: '' });
