/** the order of delivery, repeats and early messages change nothing. */
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/index.ts';
import { rememberPoints } from '../support/memo.ts';
import { keygenSessions, keysharesOf, signSessions } from '../support/parties.ts';
import { outputs, simulate } from '../support/simulate.ts';

rememberPoints();

test('R-6: a thousand schedules of a 2-of-2 signature give the same signature to both', {
  timeout: 600_000,
}, () => {
  const keyshares = keysharesOf(2, 2);
  const sessions = () => signSessions(keyshares, [1, 2], { seed: 'order' });
  const straight = outputs(simulate(sessions())).get(1);
  for (let seed = 0; seed < 1000; seed++) {
    const both = outputs(simulate(sessions(), { shuffle: `${seed}` }));
    expect([both.get(1), both.get(2)], `schedule ${seed}`).toEqual([straight, straight]);
  }
});

test('R-6: twenty schedules of three signers give the same signature to all', () => {
  const sessions = () => signSessions(keysharesOf(2, 3), [1, 2, 3], { seed: 'order' });
  const straight = outputs(simulate(sessions()));
  for (let seed = 0; seed < 20; seed++) {
    expect(outputs(simulate(sessions(), { shuffle: `${seed}` }))).toEqual(straight);
  }
});

test('R-6: twelve schedules of a key generation give the same keyshares', {
  timeout: 600_000,
}, () => {
  const bytesOf = (shuffle?: string) =>
    [
      ...outputs(simulate(keygenSessions(2, 3), shuffle === undefined ? {} : { shuffle })).values(),
    ].map((keyshare) => Buffer.from(keyshare.encode()).toString('hex'));
  const straight = bytesOf();
  for (let seed = 0; seed < 12; seed++) expect(bytesOf(`${seed}`)).toEqual(straight);
});

test('R-6: a message that comes when all is over is ignored', () => {
  const sessions = signSessions(keysharesOf(2, 2), [1, 2], { seed: 'late' });
  const { sent, outcomes } = simulate(sessions);
  const before: Outcome<unknown> | undefined = outcomes.get(1);
  for (const message of sent.filter(({ from }) => from === 2)) {
    const altered = { ...message, body: message.body.map((byte) => byte ^ 1) };
    expect(sessions.get(1)?.receive(altered)).toEqual({ disposition: 'ignored', send: [] });
  }
  expect(sessions.get(1)?.outcome).toBe(before);
});
