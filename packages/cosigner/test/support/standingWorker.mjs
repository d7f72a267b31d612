// A thread that stands still at a message of one round, the first time that such a message comes to this process.
import { workerData } from 'node:worker_threads';
import { Session } from '../../../tss/dist/round/session.js';

const { round, once } = workerData.standing;
const honest = Object.getOwnPropertyDescriptor(Session.prototype, 'receive');
Session.prototype.receive = function (message) {
  const first = message.round === round && Atomics.exchange(once, 0, 1) === 0;
  if (first) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return honest.value.call(this, message);
};
await import('../../dist/worker/main.js');
