import { randomBytes } from 'node:crypto';
import { recoverAddress, fromHex } from '@quorate/intent';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  acceptAll,
  type MadeKey,
  runRounds,
  sendSignatures,
  signRequest,
} from '../support/ceremony.ts';
import { Participant } from '../support/participant.ts';
import type { TestSocket } from '../support/socket.ts';
import type { World } from '../support/world.ts';
import { openOfficeWithKey } from '../support/office.ts';

const NAMES = ['用户1', '用户2', '用户3', '用户4', '用户5'];

let world: World;
let coordinator: TestSocket;
let participants: Participant[];
let key: MadeKey;

beforeAll(async () => {
  ({ world, coordinator, participants, key } = await openOfficeWithKey(NAMES, 3));
});

afterAll(() => world.end());

test('a coordinator with only the fields of the first document gets a key and a signature', async () => {
  const digest = randomBytes(32).toString('hex');
  const signers = [participants[4]!, participants[0]!, participants[2]!];
  const names = signers.map(({ person }) => person.username);
  const request = signRequest(key, names, digest);
  coordinator.send(request);
  const params = await acceptAll(signers, 'sign', key, String(request['session_key']));
  // 1.9.6: the indexes are those of the shards, sorted as numbers, whatever the order of the request.
  expect(params.map((own) => [own['part_index'], own['parties']])).toEqual([
    [5, '1,3,5'],
    [1, '1,3,5'],
    [3, '1,3,5'],
  ]);
  for (const [at, participant] of signers.entries()) {
    const opener = await participant.release(params[at]!);
    expect(opener).toEqual(Uint8Array.from(key.openers.get(participant.person.username)!));
  }
  await runRounds(signers, params, 3);
  const signature = sendSignatures(key, signers, params, digest);
  const complete = await coordinator.next('sign_complete');
  expect(complete).toMatchObject({ success: true, signature, message: 'signed' });
  expect(recoverAddress(fromHex(digest), fromHex(signature))).toBe(key.address);
  for (const { socket } of signers) {
    expect(await socket.next('sign_complete')).toMatchObject({ signature, success: true });
  }
});
