import { describe, expect, test } from 'vitest';
import { OrderQueue } from '../../src/worker/orderQueue.ts';
import type { WorkerOrder } from '../../src/worker/protocol.ts';

const received = (id: string, round: number): WorkerOrder => ({
  order: 'receive',
  id,
  frame: { round, from: 1, to: 2, body: '', signature: '' },
});

describe('the order of the protocol thread', () => {
  test('L-1b: takes new sessions before cheap rounds before proofs, and an end only after all that its session received', () => {
    const queue = new OrderQueue();
    const orders: WorkerOrder[] = [
      received('a', 4),
      received('b', 3),
      received('c', 1),
      { order: 'prepare', id: 'd' },
      received('e', 2),
      { order: 'end', id: 'a' },
    ];
    for (const order of orders) queue.add(order);
    const taken = orders.map(() => queue.take());
    const ids = taken.map((order) => (order && 'id' in order ? order.id : undefined));
    expect(ids).toEqual(['d', 'c', 'e', 'a', 'b', 'a']);
    expect(queue.take()).toBeUndefined();
  });
});
