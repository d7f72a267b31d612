/** The protocol thread: carries orders of the main thread to the sessions and their events back. */
import { threadEnd } from '@quorate/holder';
import { ProtocolHost } from './host.ts';
import { OrderQueue } from './orderQueue.ts';
import type { WorkerEvent, WorkerOrder } from './protocol.ts';

/** How long a thread has nothing to do before it works ahead, milliseconds. */
const IDLE_MS = 3;

const end = threadEnd<WorkerOrder, WorkerEvent>();
const host = new ProtocolHost((event, transfer) => end.post(event, transfer));
const queue = new OrderQueue();
let idle: NodeJS.Timeout | undefined;
let working = false;

function workAhead(): void {
  if (host.idle()) idle = setTimeout(workAhead, IDLE_MS);
  end.beat();
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
  end.beat();
  setImmediate(work);
}

end.listen((order) => {
  clearTimeout(idle);
  queue.add(order);
  if (working) return;
  working = true;
  setImmediate(work);
});
