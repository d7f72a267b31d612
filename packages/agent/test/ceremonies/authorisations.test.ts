import type { InviteOf } from '@quorate/wire';
import { type SecureElement, SecureElementError } from '@quorate/secure-element';
import { expect, onTestFinished, test, vi } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import { settled, TestClock } from '../../../holder/test/support/berthWorld.ts';
import { Authorisations } from '../../src/ceremonies/authorisations.ts';
import { ownCertificate } from '../../src/ceremonies/certificates.ts';
import { Orphans } from '../../src/ceremonies/keygen/orphan.ts';
import type { Outgoing } from '../../src/link/outbox.ts';
import { changedChip } from '../support/changedChip.ts';
import { keyRecord } from '../support/keyRecord.ts';
import { makeAgent, PEOPLE, startProcess } from '../support/oneAgent.ts';

const key = keyRecord([new Uint8Array(65), new Uint8Array(65)], PEOPLE);

function inviteOf(session_key: string, expires_at: number): InviteOf<'sign'> {
  return {
    type: 'sign_invite',
    session_key,
    coordinator: 'carol',
    se_id: 'SE-1',
    threshold: 2,
    total_parts: 2,
    part_index: 1,
    participants: [...PEOPLE],
    address: key.address,
    data: '55'.repeat(32),
    expires_at,
  };
}

const sessionKeyOf = (message: Outgoing | undefined): string =>
  message !== undefined && 'session_key' in message ? message.session_key : '';

/** An agent whose chip counts what it signs, with all berths of first challenges taken by sessions `s0` to `s22`. */
async function fullAgent() {
  const clock = new TestClock();
  const signed: Uint8Array[] = [];
  const agent = await makeAgent({
    memory: { clock },
    watched: (element) =>
      changedChip(element, {
        signSession: (payload) => {
          signed.push(payload);
          return element.signSession(payload);
        },
      }),
  });
  const process = startProcess(agent);
  onTestFinished(async () => {
    process.stop();
    await agent.close();
  });
  const hour = Date.now() + 3_600_000;
  const invite = (name: string, expiresAt = hour): void =>
    process.sessions.invited(inviteOf(name, expiresAt));
  const answers = (accept: boolean): Outgoing[] =>
    process.sent.filter((one) => one.type === 'sign_response' && one.accept === accept);
  for (let at = 0; at < 23; at += 1) invite(`s${at}`);
  await eventually(() => answers(true).length === 23);
  return { ...agent, ...process, clock, signed, invite, answers };
}

test('E-12: a session that waits for a berth has certified nothing, and follows as soon as another one ends', async () => {
  const { chip, sessions, state, signed, invite, answers } = await fullAgent();
  invite('later');
  await eventually(() => chip.berths.waiting === 1);
  await settled();
  expect(signed).toHaveLength(23);
  expect(state.used.find('later')).toBeUndefined();
  expect(state.sessions.read('later', 1)).toBeUndefined();
  const [oldest] = answers(true);
  sessions.failed(sessionKeyOf(oldest), 'timeout');
  await eventually(() => answers(true).length === 24);
  expect(signed).toHaveLength(24);
  expect(answers(false)).toEqual([]);
});

test('a session that ends while it waits for a berth leaves the queue without a word', async () => {
  const { chip, sessions, sent, invite } = await fullAgent();
  invite('later');
  await eventually(() => chip.berths.waiting === 1);
  sessions.failed('later', 'timeout');
  await settled();
  expect(chip.berths.waiting).toBe(0);
  expect(sessions.keys).toHaveLength(23);
  expect(sent).toHaveLength(23);
});

test('a session without a berth declines before its invitation ends, and says why', async () => {
  const { sessions, state, signed, invite, answers } = await fullAgent();
  const expiresAt = Date.now() + 400;
  invite('urgent', expiresAt);
  await eventually(() => answers(false).length === 1);
  const reason = expect.stringMatching(/^chip_busy: the chip of this participant has no room/);
  expect(answers(false)).toMatchObject([{ session_key: 'urgent', reason }]);
  expect(sessions.keys).toHaveLength(23);
  expect(signed).toHaveLength(23);
  expect(state.used.find('urgent')).toBeUndefined();
});

/** An agent without sessions, whose chip may answer in another way. */
async function idleAgent(change: Partial<SecureElement> = {}) {
  const agent = await makeAgent({ watched: (element) => changedChip(element, change) });
  const process = startProcess(agent);
  onTestFinished(async () => {
    process.stop();
    await agent.close();
  });
  return { ...agent, ...process };
}

/** How many of the 23 berths of first challenges are free; takes them. */
async function freeBerths({ chip }: Awaited<ReturnType<typeof idleAgent>>): Promise<number> {
  let free = 0;
  for (let at = 0; at < 23; at += 1) {
    const { signal } = new AbortController();
    void chip.berths.take({ due: at, name: '' }, signal).then(() => (free += 1));
  }
  await settled();
  return free;
}

test('E-12: a session that has its berth keeps it when the invitation ends', async () => {
  const agent = await idleAgent();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let time = 0;
  const context = { ...agent.sessions.context, now: () => time };
  const { signal } = new AbortController();
  const own = new Authorisations({ context, sessionKey: 's', partIndex: 1, signal });
  await own.takeBerth(60_000);
  time = 120_000;
  vi.advanceTimersByTime(1_000);
  expect(await freeBerths(agent)).toBe(22);
});

test('E-12: an attempt that fails gives its berth back before the session ends', async () => {
  const agent = await idleAgent();
  const { chip } = agent;
  const { context } = agent.sessions;
  const { signal } = new AbortController();
  const own = new Authorisations({ context, sessionKey: 's', partIndex: 1, signal });
  await own.takeBerth(Date.now() + 60_000);
  const first = { challenge: await own.challenge(), signature: '' };
  const refused = new SecureElementError('authorisation-refused', 'another key');
  const used = own.use(ownCertificate(chip.publicKey, new Uint8Array(243)), first, {
    attempt: () => Promise.reject(refused),
    mayRenew: () => false,
    refusal: (error) => error,
  });
  await expect(used).rejects.toBe(refused);
  expect(await freeBerths(agent)).toBe(23);
});

const NOTICE = {
  type: 'orphan_notice',
  session_key: 'gone',
  part_index: 1,
  record_id: 'ab'.repeat(32),
  address: '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
  reason: 'timeout',
  seq: 1,
} as const;

test('the second of two notices of one orphan takes the place of the first, which is no fault', async () => {
  const agent = await idleAgent();
  const orphans = new Orphans(agent.context);
  await Promise.all([orphans.receiveNotice(NOTICE), orphans.receiveNotice(NOTICE)]);
  expect(agent.sent.map(({ type }) => type)).toEqual(['orphan_response']);
  expect(await freeBerths(agent)).toBe(22);
});

test('E-12: an orphan that the chip does not certify gives its berth back', async () => {
  const failure = new SecureElementError('chip-failure', 'the chip does not sign');
  const agent = await idleAgent({ signSession: () => Promise.reject(failure) });
  await expect(new Orphans(agent.context).receiveNotice(NOTICE)).rejects.toBe(failure);
  expect(await freeBerths(agent)).toBe(23);
});

test('an orphan whose challenge was lost to sessions gets another challenge when its authorisation comes', async () => {
  const { chip, clock, context, sent } = await fullAgent();
  const orphans = new Orphans(context);
  const asked = (): string[] =>
    sent.flatMap((one) => (one.type === 'orphan_response' ? [one.chip_challenge] : []));
  const given = orphans.receiveNotice(NOTICE);
  clock.pass(3_000);
  await given;
  expect(asked()).toHaveLength(1);
  const ends = Array.from({ length: 60 }, () => new AbortController());
  for (const [at, { signal }] of ends.entries()) {
    void chip.berths.take({ due: at, name: '' }, signal).then((berth) => berth?.challenge());
  }
  for (let at = 0; at < 4; at += 1) {
    await eventually(() => chip.berths.waiting < 60);
    clock.pass(3_000);
    await chip.info();
  }
  const authorised = orphans.receiveAuthorisation({
    type: 'orphan_authorisation',
    session_key: 'gone',
    part_index: 1,
    record_id: NOTICE.record_id,
    address: NOTICE.address,
    reason_hash: '00'.repeat(32),
    chip_challenge: asked()[0] ?? '',
    signature: Buffer.alloc(70, 0x30).toString('base64'),
    seq: 2,
  });
  for (const end of ends) end.abort();
  await authorised;
  expect(asked()).toHaveLength(2);
  expect(sent.filter(({ type }) => type === 'orphan_result')).toEqual([]);
});
