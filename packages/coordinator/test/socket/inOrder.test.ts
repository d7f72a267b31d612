import { expect, test } from 'vitest';
import { Line } from '../../src/socket/inOrder.ts';

function transaction(): { onRollback: (undo: () => void) => void; undo: () => void } {
  const undos: (() => void)[] = [];
  return {
    onRollback: (undo) => void undos.push(undo),
    undo: () => {
      for (const undo of undos) undo();
    },
  };
}

test('1.2 a line takes its messages one after the other', () => {
  const line = new Line();
  const [first, second] = [line.next(), line.next()];
  expect([first(transaction()), second(transaction())]).toEqual([true, true]);
});

test('1.2 after a transaction that failed a line takes nothing more', () => {
  const line = new Line();
  const [first, second] = [line.next(), line.next()];
  const failing = transaction();
  expect(first(failing)).toBe(true);
  failing.undo();
  expect(second(transaction())).toBe(false);
  expect(line.next()(transaction())).toBe(false);
});

test('1.2 after a transaction that never began a line takes nothing more', () => {
  const line = new Line();
  line.next();
  expect(line.next()(transaction())).toBe(false);
});
