import { ChipChallengeAnswer } from '@quorate/wire';
import type { RestFixture } from '../rest/support.ts';
import { type TestChip, testChip } from './support.ts';

/** Registers a new chip of a participant over REST. */
export async function enrolChip(
  { call }: RestFixture,
  username: string,
  seId: string,
): Promise<TestChip> {
  const chip = testChip();
  const challenge = await call(username, 'POST', '/api/v1/chips/challenge', {});
  const { nonce } = ChipChallengeAnswer.parse(challenge.body);
  const body = { username, se_id: seId, cpic: chip.cpic, public_key: chip.publicKey, nonce };
  const made = await call(username, 'POST', '/api/v1/chips', { ...body, proof: chip.prove(nonce) });
  if (made.status !== 201) throw new Error(`not registered: ${JSON.stringify(made.body)}`);
  return chip;
}
