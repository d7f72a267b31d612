/** The protocol thread: carries orders of the main thread to the sessions and their events back. */
import { threadEnd } from '@quorate/holder';
import { PROTOCOLS } from '../ceremonies/protocols.ts';
import { SessionHost } from './host.ts';
import type { WorkerEvent, WorkerOrder } from './orders.ts';

const end = threadEnd<WorkerOrder, WorkerEvent>();
const host = new SessionHost(PROTOCOLS, (event, transfer) => end.post(event, transfer));
end.listen((order) => {
  host.handle(order);
  end.beat();
});
