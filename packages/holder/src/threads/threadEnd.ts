/** The thread's end of its line to the pool. */
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import type { Ping, Stop, ThreadData } from './control.ts';

/** The channel of a protocol thread. */
export interface ThreadEnd<Order, Event> {
  post(event: Event, transfer: readonly ArrayBuffer[]): void;
  /** Shows that the thread goes on: after each order. */
  beat(): void;
  /** Takes orders from now on, and says so. */
  listen(take: (order: Order) => void): void;
}

/** The line of this thread, which a pool has started. */
export function threadEnd<Order extends { readonly order: string }, Event>(): ThreadEnd<
  Order,
  Event
> {
  const port = parentPort;
  if (!port) throw new Error('unreachable: the protocol thread runs as a worker thread');
  const { pulse } = workerData as ThreadData;
  const beat = (): void => void Atomics.add(pulse, 0, 1);
  return {
    post: (event, transfer) => port.postMessage(event, [...transfer]),
    beat,
    listen: (take) => {
      port.on('message', (order: Order | Ping | Stop) => {
        if (isPing(order)) return beat();
        // Of a worker thread this ends the thread alone.
        if (isStop(order)) process.exit(0);
        take(order);
      });
      port.postMessage({ event: 'ready', id: '' });
    },
  };
}

function isPing(order: { readonly order: string }): order is Ping {
  return order.order === 'ping';
}

function isStop(order: { readonly order: string }): order is Stop {
  return order.order === 'stop';
}
