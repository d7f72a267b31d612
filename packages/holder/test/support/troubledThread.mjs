// A thread that does what it is told: stand still in JavaScript, stand still in native code, die, or go on.
import { openSync } from 'node:fs';
import { threadEnd } from '../../dist/threads/threadEnd.js';

const end = threadEnd();
end.listen((order) => {
  const { id } = order;
  if (order.order === 'prepare') {
    const key = new Uint8Array(32);
    end.post({ event: 'prepared', id, nonce: key, x25519: key, ed25519: key }, []);
  }
  if (order.order === 'echo') end.post({ event: 'echo', id, text: order.text }, []);
  if (order.order === 'wait') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  // Until somebody opens the pipe for writing, this is a system call that nothing in Node can end.
  if (order.order === 'pipe') openSync(order.path, 'r');
  if (order.order === 'die') throw new Error('a thread that was told to die');
  if (order.order === 'end') end.post({ event: 'ended', id }, []);
  end.beat();
});
