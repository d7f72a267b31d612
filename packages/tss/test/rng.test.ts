import { expect, test } from 'vitest';
import { systemRng, withDraw } from '../src/rng.ts';
import { seededRng } from './support/rng.ts';

const recorded = () => {
  const draws: Uint8Array[] = [];
  const source = seededRng('draws');
  const rng = (length: number): Uint8Array => {
    const drawn = source(length);
    draws.push(drawn);
    return drawn;
  };
  return { draws, rng };
};

test('N-4: the draws of a step are consecutive bytes of one draw, each given out once', () => {
  const { draws, rng } = recorded();
  const parts = withDraw(rng, 12, (drawn) => [drawn(5), drawn(0), drawn(7)]);
  expect(draws).toHaveLength(1);
  expect(Uint8Array.of(...parts.flatMap((part) => [...part]))).toEqual(seededRng('draws')(12));
});

test('N-4: a draw past the end, and one after the step, comes from the source', () => {
  const { draws, rng } = recorded();
  const { inside, kept } = withDraw(rng, 8, (drawn) => {
    drawn(4);
    return { inside: drawn(5), kept: drawn };
  });
  const after = kept(4); // four bytes were left over when the step ended
  expect(draws.map(({ length }) => length)).toEqual([8, 5, 4]);
  expect([inside, after]).toEqual([draws[1], draws[2]]);
  expect(after).not.toEqual(new Uint8Array(4));
});

test('W-6: the bytes of a step are wiped when it ends or fails; those given out are the step’s own', () => {
  for (const fails of [false, true]) {
    const { draws, rng } = recorded();
    const shared = (length: number): Uint8Array => Buffer.from(rng(length).buffer); // its slice shares memory
    let given: Uint8Array | undefined;
    const run = (): void =>
      withDraw(shared, 32, (drawn) => {
        given = drawn(32);
        if (fails) throw new RangeError('a step that fails');
      });
    if (fails) expect(run).toThrow(RangeError);
    else run();
    expect(draws[0]).toEqual(new Uint8Array(32));
    expect(given).toEqual(seededRng('draws')(32));
  }
});

test('N-6: a step without draws reads nothing but its own length', () => {
  expect(withDraw(systemRng, 0, (drawn) => drawn(0))).toEqual(new Uint8Array(0));
});
