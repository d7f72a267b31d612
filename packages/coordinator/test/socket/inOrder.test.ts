import { expect, test } from 'vitest';
import { InOrder } from '../../src/socket/inOrder.ts';

function transaction(): { onRollback: (undo: () => void) => void; undo: () => void } {
  const undos: (() => void)[] = [];
  return {
    onRollback: (undo) => void undos.push(undo),
    undo: () => {
      for (const undo of undos) undo();
    },
  };
}

test('1.2 numbered messages of a connection are taken one after the other', () => {
  const inOrder = new InOrder();
  const [first, second] = [inOrder.next(), inOrder.next()];
  expect([first(transaction()), second(transaction())]).toEqual([true, true]);
});

test('1.2 nothing more is taken after a transaction that failed', () => {
  const inOrder = new InOrder();
  const [first, second] = [inOrder.next(), inOrder.next()];
  const failing = transaction();
  expect(first(failing)).toBe(true);
  failing.undo();
  expect(second(transaction())).toBe(false);
  expect(inOrder.next()(transaction())).toBe(false);
});

test('1.2 nothing more is taken after a transaction that never began', () => {
  const inOrder = new InOrder();
  inOrder.next();
  expect(inOrder.next()(transaction())).toBe(false);
});
