/** Stores of two sides that have one key together, made once for all the tests of a block. */
import { afterAll, beforeAll } from 'vitest';
import { startPair } from './pair.ts';
import { copyStores, forgetModuli, makeStores, removeStores } from './stores.ts';

/** The key, and copies of both stores, which go when the block is over. */
export interface KeyedStores {
  /** The key generation that made it; known when the tests begin. */
  readonly key: string;
  copy(): string;
}

export function keyedStores(): KeyedStores {
  let original: string | undefined;
  let key = '';
  const used: string[] = [];
  const made = (): string => {
    if (original === undefined) throw new Error('before the tests began');
    return original;
  };

  beforeAll(async () => {
    original = await makeStores();
    used.push(original);
    const pair = await startPair(original);
    key = (await pair.p1.keygen()).session_id;
    await pair.p2.over(key);
    await pair.stop();
    await forgetModuli(original);
  });
  afterAll(() => removeStores(...used));

  return {
    get key() {
      return key;
    },
    copy() {
      const copy = copyStores(made());
      used.push(copy);
      return copy;
    },
  };
}
