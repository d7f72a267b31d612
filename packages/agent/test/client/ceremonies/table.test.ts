import { addressOf, fromHex, toHex } from '@quorate/intent';
import type { CompleteOf } from '@quorate/wire';
import { expect, test } from 'vitest';
import { CLIENT_CEREMONIES } from '../../../src/client/ceremonies/index.ts';
import { CeremonyError } from '../../../src/client/ceremonyError.ts';
import { CoordinatorClient } from '../../../src/client/client.ts';
import { scriptedServer } from '../../support/relay.ts';

const publicKey = fromHex('034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa');
const address = addressOf(publicKey);
const other = `0x${'1'.repeat(40)}`;
const common = { session_key: 's1', success: true, message: '' };
const order = { session_key: 's1', threshold: 2, total_parts: 2, participants: ['alice', 'bob'] };

const invalid = expect.objectContaining({ code: 'invalid_result' });

function refusal(check: () => unknown): unknown {
  try {
    return check();
  } catch (error) {
    expect(error).toBeInstanceOf(CeremonyError);
    return error;
  }
}

test('keygen: an address is believed only with the public key that it belongs to', () => {
  const { outcome } = CLIENT_CEREMONIES.keygen;
  const complete: CompleteOf<'keygen'> = { type: 'keygen_complete', ...common, address };
  const public_key = `0x${toHex(publicKey)}`;
  expect(outcome({ ...complete, public_key }, order)).toEqual({
    sessionKey: 's1',
    address,
    publicKey: public_key,
  });
  expect(refusal(() => outcome(complete, order))).toEqual(invalid);
  const wrong = { ...complete, public_key, address: other };
  expect(refusal(() => outcome(wrong, order))).toEqual(invalid);
});

test('destroy: a completion is believed only about the key that was named, in any case of letters', () => {
  const { outcome } = CLIENT_CEREMONIES.destroy;
  const asked = { ...order, address, reason: 'closed' };
  const complete: CompleteOf<'destroy'> = {
    type: 'destroy_complete',
    ...common,
    address: address.toLowerCase(),
    parts: [{ username: 'alice', part_index: 1, outcome: 'deleted' }],
  };
  expect(outcome(complete, asked)).toEqual({
    sessionKey: 's1',
    address: complete.address,
    parts: complete.parts,
  });
  expect(refusal(() => outcome({ ...complete, address: other }, asked))).toEqual(invalid);
});

test('a completion of another kind of ceremony ends no wait', async () => {
  const server = await scriptedServer();
  const token = async () => 'token';
  const client = new CoordinatorClient({ url: server.url, username: 'carol', token });
  const registered = client.connect();
  const connection = await server.connection();
  await connection.accept({ stream: 'stream-a' });
  await registered;
  const outcome = client.ask('keygen', order);
  await connection.next();
  const destroyed = { type: 'destroy_complete', ...common, address, parts: [], seq: 1 };
  connection.send(destroyed);
  const made = { type: 'keygen_complete', ...common, address };
  connection.send({ ...made, public_key: `0x${toHex(publicKey)}`, seq: 2 });
  expect((await outcome).address).toBe(address);
  await client.close();
});
