import { randomBytes } from 'node:crypto';
import { ChipUnblockAnswer } from '@quorate/wire';
import { fromBase64, fromHex, unblockMessage, verifyP256 } from '@quorate/intent';
import { expect, test } from 'vitest';
import { openRest, type RestFixture } from '../rest/support.ts';
import { enrolChip } from './enrol.ts';

const HOUR = 60 * 60_000;

type Answer = ReturnType<RestFixture['call']>;
const challengeOf = (): string => randomBytes(16).toString('hex');

async function opened(): Promise<
  RestFixture & {
    readonly key: Uint8Array;
    readonly order: (body: object, as?: string) => Answer;
  }
> {
  const fixture = await openRest();
  const { publicKey } = await enrolChip(fixture, 'participant', 'se-1');
  const order = (body: object, as = 'root'): Answer =>
    fixture.call(as, 'POST', '/api/v1/chips/se-1/unblock', body);
  return { ...fixture, key: fromHex(publicKey), order };
}

/** The code that an order to the registry ends with. */
const code = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: { code: string }) => error.code,
  );

test('Z-1: an administrator’s order is the authorisation of one try for one chip and challenge, and audited', async () => {
  const { order, key, chips, audit } = await opened();
  const challenge = challengeOf();
  const { status, body } = await order({ challenge: `0x${challenge.toUpperCase()}` });
  expect(status).toBe(200);
  const answer = ChipUnblockAnswer.parse(body);
  expect(answer).toMatchObject({ se_id: 'se-1', username: 'participant' });
  const der = fromBase64(answer.authorisation);
  const message = unblockMessage({ chipPublicKey: key, challenge: fromHex(challenge) });
  expect(verifyP256(chips.publicKey, message, der)).toBe(true);
  const other = unblockMessage({ chipPublicKey: key, challenge: randomBytes(16) });
  expect(verifyP256(chips.publicKey, other, der)).toBe(false);
  const seen = await audit.list({ action: 'chip.unblock', limit: 10 });
  expect(seen).toMatchObject([
    { actor: 'root', subject: 'se-1', outcome: 'ok', details: { username: 'participant' } },
  ]);
  expect(JSON.stringify(seen)).not.toContain(answer.authorisation);
  for (const wrong of [
    {},
    { challenge: challenge.slice(2) },
    { challenge: `${challenge}00` },
    { challenge: 'g'.repeat(32) },
    { challenge, authority: '00' },
    { challenge, more: 1 },
  ]) {
    expect(await order(wrong)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  }
});

test('Z-1: only an active chip of this authority is unblocked, by an administrator alone', async () => {
  const { order, call, audit, chips } = await opened();
  for (const username of ['auditor', 'coordinator', 'participant']) {
    expect(await order({ challenge: challengeOf() }, username)).toMatchObject({ status: 403 });
  }
  const own = chips.fingerprint.slice(0, 32);
  const other = `${own.startsWith('0') ? '1' : '0'}${own.slice(1)}`;
  expect(await order({ challenge: challengeOf(), authority: other })).toMatchObject({
    status: 409,
    body: { code: 'authority_mismatch' },
  });
  const right = { challenge: challengeOf(), authority: own.toUpperCase() };
  expect(await order(right)).toMatchObject({ status: 200 });
  for (const state of ['lost', 'disabled', 'destroyed']) {
    await call('root', 'PATCH', '/api/v1/chips/se-1', { state });
    expect(await order({ challenge: challengeOf() })).toMatchObject({
      status: 409,
      body: { code: 'chip_state', detail: expect.stringContaining(state) },
    });
  }
  const body = { challenge: challengeOf() };
  const unknown = await call('root', 'POST', '/api/v1/chips/se-2/unblock', body);
  expect(unknown).toMatchObject({ status: 404, body: { code: 'unknown_chip' } });
  const seen = await audit.list({ action: 'chip.unblock', limit: 10 });
  expect(seen.map(({ outcome }) => outcome).toSorted()).toEqual([
    'ok',
    ...Array(5).fill('refused'),
  ]);
});

test('Z-1: a challenge is authorised once for ever; five orders an hour for a chip, refused ones not counted', async () => {
  const fixture = await opened();
  const { chips, clock } = fixture;
  await enrolChip(fixture, '用户2', 'se-2');
  const order = (challenge: string, seId = 'se-1'): Promise<string> =>
    code(chips.unblock({ seId, challenge }, 'root'));
  const first = challengeOf();
  expect(await order(first)).toBe('ok');
  for (let count = 1; count < 5; count++) {
    const challenge = challengeOf();
    expect(await order(challenge)).toBe('ok');
    expect(await order(challenge.toUpperCase())).toBe('invalid_challenge');
    expect(await order(challenge, 'se-2')).toBe('invalid_challenge');
  }
  expect(await order(challengeOf())).toBe('rate_limited');
  expect(await order(challengeOf(), 'se-2')).toBe('ok');
  clock.advance(HOUR - 1);
  expect(await order(challengeOf())).toBe('rate_limited');
  clock.advance(1);
  expect(await order(first)).toBe('invalid_challenge');
  expect(await order(challengeOf())).toBe('ok');
});
