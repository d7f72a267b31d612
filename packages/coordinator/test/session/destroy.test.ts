import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  acceptAll,
  destroyRequest,
  type MadeKey,
  makeKey,
} from '../support/ceremony.ts';
import { Participant } from '../support/participant.ts';
import type { TestSocket } from '../support/socket.ts';
import { openWorld, type World } from '../support/world.ts';

const NAMES = ['alice', 'bob', 'carol'];

let world: World;
let coordinator: TestSocket;
let holders: Participant[];
let key: MadeKey;

beforeAll(async () => {
  world = await openWorld(NAMES);
  coordinator = await world.connect('coordinator', 'coordinator', { progress: true });
  holders = await Promise.all(NAMES.map((name) => Participant.connect(world, name)));
  key = await makeKey(world, coordinator, holders, 2);
});

afterAll(() => world.end());

const keyOf = async (address: string): Promise<Record<string, unknown>> =>
  (await world.rest('GET', `/keys/${address}`)).body;

test('a key is destroyed when every holder consents, and the log holds a certificate of it', async () => {
  const request = destroyRequest(key, NAMES);
  const of = (message: { session_key?: unknown }): boolean =>
    message.session_key === request['session_key'];
  coordinator.send(request);
  const params = await acceptAll(holders, 'destroy', key, String(request['session_key']));
  for (const [at, holder] of holders.entries()) {
    await holder.destroy(params[at]!);
    holder.socket.send(await holder.destroyResult(params[at]!, key));
  }
  const complete = await coordinator.next('destroy_complete', of);
  expect(complete).toMatchObject({ success: true, address: key.address });
  expect(await keyOf(key.address)).toMatchObject({ state: 'destroyed' });
});
