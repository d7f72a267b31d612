import { recoverAddress, fromHex, digestOf, parsePayload } from '@quorate/intent';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Pair, startPair } from './support/pair.ts';
import { makeStores, removeStores } from './support/stores.ts';

describe('two processes', () => {
  let pair: Pair;
  let key: string;
  let address: string;

  beforeAll(async () => {
    pair = await startPair(await makeStores());
    const made = await pair.p1.keygen();
    expect(made.status).toBe('completed');
    expect(made.step).toBe('StepCompleted');
    key = made.session_id;
    address = made.address ?? '';
  });

  afterAll(async () => {
    await pair.stop();
    removeStores(pair.directory);
  });

  test('both have the key, under one address, and show nothing secret of it', async () => {
    const theirs = await pair.p2.over(key);
    expect(theirs).toMatchObject({ status: 'completed', address });
    const [own] = await pair.p1.keys();
    const shown =
      'address created_at epoch lock openings_left paillier_bits partner public_key session_id state';
    expect(Object.keys(own ?? {}).sort()).toEqual(shown.split(' '));
  });

  test('a signature that P1 asks for verifies, and P2 has it, too', async () => {
    const signed = await pair.p1.sign(key, 'pay 5');
    expect(signed).toMatchObject({ status: 'completed', step: 'StepCompleted' });
    const digest = digestOf(parsePayload({ kind: 'eip191', message: 'pay 5' }));
    expect(recoverAddress(digest, fromHex(signed.signature ?? ''))).toBe(address);
    expect((await pair.p2.over(signed.session_id)).signature).toBe(signed.signature);
  });

  test('a signature that P2 asks for verifies, and P1 has it, too', async () => {
    const signed = await pair.p2.sign(key, 'pay 6', { hash: 'keccak256' });
    expect(signed.status).toBe('completed');
    expect((await pair.p1.over(signed.session_id)).signature).toBe(signed.signature);
  });

  test('"no message to sign" cannot happen: the text travels with the first message of a session', async () => {
    const signed = await pair.p1.sign(key, 'the text');
    expect(await pair.p2.over(signed.session_id)).toMatchObject({
      message: 'the text',
      hash: 'eip191',
      digest: signed.digest,
    });
  });

  test('50 signatures at once with one key all verify', async () => {
    const signed = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        (at % 2 === 0 ? pair.p1 : pair.p2).sign(key, `message ${at}`),
      ),
    );
    for (const { status, digest, signature } of signed) {
      expect(status).toBe('completed');
      expect(recoverAddress(fromHex(digest ?? ''), fromHex(signature ?? ''))).toBe(address);
    }
    expect(new Set(signed.map(({ signature }) => signature)).size).toBe(50);
  });
});
