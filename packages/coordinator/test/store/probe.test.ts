import { expect, test } from 'vitest';
import { StoreProbe } from '../../src/store/probe.ts';
import { openFixture } from '../auth/support.ts';

test('X-3: the delay of the store is that of a question under way, and then of the last answer', async () => {
  const { database, clock } = await openFixture();
  const probe = new StoreProbe(database, clock);
  expect(await probe.problem()).toBeUndefined();
  expect(probe.delay).toBe(0);
  let release = (): void => undefined;
  const held = database.transaction(
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  await new Promise(setImmediate);
  clock.advance(6000);
  const answer = probe.problem();
  clock.advance(4000);
  expect(probe.delay).toBe(4000);
  release();
  await held;
  expect(await answer).toBeUndefined();
  expect(probe.delay).toBe(4000);
});
