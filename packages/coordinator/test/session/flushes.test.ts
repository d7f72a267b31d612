import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { makeKey, ofSession, sendSignatures, signRequest } from '../support/ceremony.ts';
import { Participant } from '../support/participant.ts';
import type { Received } from '../support/socket.ts';
import { openWorld } from '../support/world.ts';

const NAMES = ['alice', 'bob'];
const ROUNDS = 3;

/** Counts the flushes of every file that is open in this process. */
async function countFlushes(): Promise<() => number> {
  const file = await open(join(temporaryDirectory(), 'file'), 'w');
  const spy = vi.spyOn(Object.getPrototypeOf(file) as typeof file, 'datasync');
  await file.close();
  onTestFinished(() => spy.mockRestore());
  return () => spy.mock.calls.length;
}

// Both signers must be heard within the 50 ms that a commit waits: a busy machine may need another try.
test('a signature takes six flushes: the request, all consents, each round and the outcome', {
  retry: 4,
}, async () => {
  const world = await openWorld(NAMES);
  onTestFinished(() => world.end());
  const coordinator = await world.connect('coordinator', 'coordinator');
  const participants = await Promise.all(NAMES.map((name) => Participant.connect(world, name)));
  const key = await makeKey(world, coordinator, participants, 2);
  const flushes = await countFlushes();
  const digest = randomBytes(32).toString('hex');
  const request = signRequest(key, NAMES, digest);
  const of = ofSession(request['session_key']);
  const all = (type: string): Promise<Received[]> =>
    Promise.all(participants.map(({ socket }) => socket.next(type, of)));
  const counts: number[] = [];
  const said = (): number => counts.push(flushes());

  coordinator.send(request);
  const invites = await all('sign_invite');
  const consents = await Promise.all(
    participants.map((participant, at) => participant.response(invites[at]!, key)),
  );
  said();
  participants.forEach(({ socket }, at) => socket.send(consents[at]!));
  const params = await all('sign_params');
  said();
  for (let round = 1; round <= ROUNDS; round += 1) {
    world.clock.advance(25);
    participants.forEach((participant, at) => {
      participant.socket.send(participant.round(params[at]!, round, null));
      participant.socket.send(participant.round(params[at]!, round, 2 - at));
    });
    await all('round');
    await all('round');
    said();
  }
  sendSignatures(key, participants, params, digest);
  await coordinator.next('sign_complete', of);
  said();
  expect(counts).toEqual([1, 2, 3, 4, 5, 6]);
});
