import { expect, test } from 'vitest';
import { Outbox, type Recipient } from '../../src/delivery/outbox.ts';
import { openFixture } from '../auth/support.ts';

const ALICE: Recipient = { username: 'alice', role: 'participant' };
const BOB: Recipient = { username: 'bob', role: 'participant' };

test('R-8 the outbox of a recipient that fetches nothing has an end; open sessions lose nothing', async () => {
  const { database } = await openFixture();
  const outbox = new Outbox(() => undefined);
  const rows = (to: Recipient): Promise<{ seq: number; during_session: string | null }[]> =>
    database.read((tx) =>
      tx.all('SELECT seq, during_session FROM outbox WHERE username = ? ORDER BY seq', [
        to.username,
      ]),
    );
  await database.transaction(async (tx) => {
    await outbox.send(tx, BOB, { type: 'error' }, { now: 0 });
    await outbox.send(tx, ALICE, { type: 'sign_invite' }, { now: 0, during: 'open' });
    for (let n = 1; n < 6000; n += 1) await outbox.send(tx, ALICE, { type: 'error' }, { now: 0 });
  });
  const kept = await rows(ALICE);
  expect(kept.length).toBeLessThanOrEqual(4096 + 256 + 1);
  expect(kept[0]).toEqual({ seq: 1, during_session: 'open' });
  expect(kept.at(-1)?.seq).toBe(6000);
  expect(await rows(BOB)).toHaveLength(1);
});
