import { AuthorisationKeyAnswer, ChipAnswer, ChipChallengeAnswer, ChipList } from '@quorate/wire';
import { describe, expect, test } from 'vitest';
import { type TestChip, testChip } from '../chips/support.ts';
import { openRest, type RestFixture } from './support.ts';

async function enrol(
  { call }: RestFixture,
  as: string,
  username: string,
  chip: TestChip,
  change = {},
) {
  const challenge = await call(as, 'POST', '/api/v1/chips/challenge', {});
  const { nonce } = ChipChallengeAnswer.parse(challenge.body);
  return call(as, 'POST', '/api/v1/chips', {
    username,
    se_id: `se-${chip.cpic.slice(0, 8)}`,
    cpic: chip.cpic,
    public_key: `0x${chip.publicKey}`,
    nonce,
    proof: chip.prove(nonce),
    ...change,
  });
}

describe('chips over REST', () => {
  test('are registered by the participant who proves to have one', async () => {
    const fixture = await openRest();
    const chip = testChip();
    const made = await enrol(fixture, 'participant', 'participant', chip, { label: 'blue card' });
    expect(made.status).toBe(201);
    expect(ChipAnswer.parse(made.body)).toMatchObject({
      username: 'participant',
      public_key: `0x${chip.publicKey}`,
      label: 'blue card',
      state: 'active',
      fingerprint: expect.stringMatching(/^([0-9a-f]{4}-){7}[0-9a-f]{4}$/),
    });
    expect(await enrol(fixture, 'participant', 'participant', chip)).toMatchObject({ status: 409 });
    expect(await enrol(fixture, '用户2', '用户2', chip)).toMatchObject({
      status: 409,
      body: { code: 'chip_conflict' },
    });
  });

  test('are registered for somebody else by administrators only', async () => {
    const fixture = await openRest();
    const chip = testChip();
    expect(await enrol(fixture, 'participant', '用户2', chip)).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(await enrol(fixture, 'root', '用户2', chip)).toMatchObject({ status: 201 });
    expect(await enrol(fixture, 'root', 'coordinator', testChip())).toMatchObject({
      status: 403,
      body: { code: 'forbidden_role' },
    });
  });

  test('are refused with a proof that is not theirs', async () => {
    const fixture = await openRest();
    const [chip, other] = [testChip(), testChip()];
    const proof = other.prove('00'.repeat(32));
    expect(await enrol(fixture, 'participant', 'participant', chip, { proof })).toMatchObject({
      status: 400,
      body: { code: 'invalid_proof' },
    });
  });

  test('are shown to their holder, and to those who plan or watch', async () => {
    const fixture = await openRest();
    await enrol(fixture, 'participant', 'participant', testChip());
    await enrol(fixture, '用户2', '用户2', testChip());
    const seen = async (username: string) => {
      const { chips } = ChipList.parse((await fixture.call(username, 'GET', '/api/v1/chips')).body);
      return chips.map((chip) => chip.username).toSorted();
    };
    expect(await seen('participant')).toEqual(['participant']);
    for (const username of ['root', 'auditor', 'coordinator']) {
      expect(await seen(username)).toEqual(['participant', '用户2']);
    }
  });

  test('change state by administrators, and stay destroyed', async () => {
    const fixture = await openRest();
    const { body } = await enrol(fixture, 'participant', 'participant', testChip());
    const url = `/api/v1/chips/${String(body.se_id)}`;
    const patch = (state: string) => fixture.call('root', 'PATCH', url, { state });
    expect((await patch('lost')).body.state).toBe('lost');
    expect((await patch('active')).body.state).toBe('active');
    expect((await patch('destroyed')).body.state).toBe('destroyed');
    expect(await patch('active')).toMatchObject({ status: 409, body: { code: 'chip_state' } });
    expect(await patch('stolen')).toMatchObject({ status: 400 });
  });

  test('are personalised with a key that everybody may read', async () => {
    const { call, chips } = await openRest();
    const { body } = await call('participant', 'GET', '/api/v1/authorisation-key');
    const answer = AuthorisationKeyAnswer.parse(body);
    expect(answer.public_key).toBe(`0x${Buffer.from(chips.publicKey).toString('hex')}`);
    expect(answer.fingerprint).toBe(chips.fingerprint);
  });
});
