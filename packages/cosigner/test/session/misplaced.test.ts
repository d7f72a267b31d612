import { setImmediate } from 'node:timers/promises';
import { PEER_TYPES, type PeerType } from '@quorate/wire';
import { describe, expect, test } from 'vitest';
import type { PeerMessage } from '../../src/peer/connection.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { type Line, joinedSides, mailOf, makeParty, type Side } from '../support/halves.ts';
import { KEY } from '../support/records.ts';

/** Who says what in which round (docs/spec/lindell17.md); written down here a second time. */
const SAID: Record<
  'keygen' | 'sign' | 'refresh',
  readonly (readonly [PeerType, number, string])[]
> = {
  sign: [
    ['sign_commit', 1, 'p1'],
    ['sign_p2_nonce', 2, 'p2'],
    ['sign_open', 3, 'p1'],
    ['sign_p2_partial', 4, 'p2'],
    ['sign_done', 5, 'p1'],
  ],
  keygen: [
    ['pre_params', 1, 'p1 p2'],
    ['pre_params_ack', 2, 'p1 p2'],
    ['keygen_p1_data', 3, 'p1'],
    ['keygen_p2_ack', 4, 'p2'],
  ],
  refresh: [
    ['pre_params', 1, 'p1 p2'],
    ['pre_params_ack', 2, 'p1 p2'],
    ['keygen_p1_data', 3, 'p1'],
    ['keygen_p2_ack', 4, 'p2'],
  ],
};
const OPERATIONS = ['keygen', 'sign', 'refresh'] as const;
const WITHOUT_ROUND = ['two_party_sign_init', 'ack', 'abort', 'session_sync'];
const ROUND_TYPES = PEER_TYPES.filter((type) => !WITHOUT_ROUND.includes(type));
const EVERY_ROUND = Array.from({ length: 9 }, (_, round) => round);

const roundMessage = (
  type: PeerType,
  sessionId: string,
  round: number,
  seq: number,
): PeerMessage => ({
  type,
  sessionId,
  round,
  seq,
  plaintext: Buffer.from(`${type} ${round}`),
  signature: Buffer.alloc(64).toString('base64'),
});

/** A session that both sides have agreed on and begun. */
async function begun(operation: (typeof OPERATIONS)[number]): Promise<{
  p1: Side;
  p2: Side;
  id: string;
}> {
  const { p1, p2 } = joinedSides();
  const order = { type: operation, partner: 'p2', keySessionId: KEY, message: 'pay' };
  const { session_id: id } = p1.manager.order(order).view;
  await eventually(() => {
    expect([p1, p2].map((side) => side.lines.get(id)?.starts.length)).toEqual([1, 1]);
  });
  return { p1, p2, id };
}

const lineOf = (side: Side, id: string): Line => {
  const line = side.lines.get(id);
  if (line === undefined) throw new Error('no line to a thread');
  return line;
};

/** Whatever was begun by what came is done. */
const settled = (): Promise<void> => setImmediate();

/** Nothing of what came touched the session or the key. */
const untouched = async (side: Side, id: string): Promise<void> => {
  await settled();
  expect(side.view(id)).toMatchObject({ status: 'running', error: null, signature: null });
  expect(side.keys.find(KEY)).toMatchObject({
    state: 'active',
    lock: { state: 'none', reopened: 0 },
    next: null,
    share: { epoch: 0 },
  });
};

describe.each(OPERATIONS)('a message out of place in a session of kind %s', (operation) => {
  test.each(['p1', 'p2'] as const)(
    'L-13, R-6: of all types in all rounds, %s hands on those of its partner in their rounds alone',
    async (name) => {
      const { [name]: side, id } = await begun(operation);
      const partner = name === 'p1' ? 'p2' : 'p1';
      let seq = 100;
      for (const type of ROUND_TYPES) {
        for (const round of EVERY_ROUND) {
          side.manager.receive(partner, roundMessage(type, id, round, seq));
          seq += 1;
        }
      }
      const handed = lineOf(side, id).frames.map(({ body }) =>
        Buffer.from(body, 'base64').toString(),
      );
      const expected = SAID[operation]
        .filter(([, , from]) => from.includes(partner))
        .map(([type, round]) => `${type} ${round}`);
      expect(handed).toEqual(expected);
      await untouched(side, id);
    },
  );

  test.each(['p1', 'p2'] as const)(
    'R-6: what is said outside of the rounds has no effect on %s while they run',
    async (name) => {
      const { [name]: side, id } = await begun(operation);
      const partner = name === 'p1' ? 'p2' : 'p1';
      const init = side.sent.find(({ type }) => type === 'two_party_sign_init');
      const misplaced: PeerMessage[] = [
        // A certificate again, one's own, a proposal, and none.
        {
          ...roundMessage('two_party_sign_init', id, 0, 200),
          plaintext: init?.plaintext ?? Buffer.of(),
        },
        mailOf('two_party_sign_init', id, 201, { operation, reply: true, certificate: 'AAAA' }),
        mailOf('two_party_sign_init', id, 202, { operation, reply: false, certificate: 'AAAA' }),
        mailOf('two_party_sign_init', id, 203, {}),
        mailOf('ack', id, 0, { seq: 999, status: 'completed' }),
        mailOf('ack', id, 0, { seq: 0, status: '' }),
        // The other side's words: P1 never says stored, P2 never says active or completed.
        mailOf('session_sync', id, 204, { phase: name === 'p1' ? 'active' : 'stored' }),
        mailOf('session_sync', id, 205, { phase: name === 'p1' ? 'stored' : 'active' }),
        mailOf('session_sync', id, 0, { status: 'completed' }),
        mailOf('session_sync', id, 0, { status: 'preparing' }),
        mailOf('session_sync', id, 0, { status: 'awaiting_approval' }),
        mailOf('session_sync', id, 0, { status: 'completed', signature: `0x${'11'.repeat(65)}` }),
        mailOf('session_sync', id, 0, { keys: [{ session_id: KEY, epoch: 1 }] }),
        mailOf('session_sync', id, 0, { keys: [] }),
        mailOf('session_sync', id, 206, { nonsense: true }),
      ];
      for (const message of misplaced) side.manager.receive(partner, message);
      expect(lineOf(side, id).frames).toEqual([]);
      await untouched(side, id);
    },
  );

  test('R-1: another partner’s messages for the session are neither taken nor answered', async () => {
    const { p1, id } = await begun(operation);
    const said = p1.sent.length;
    let seq = 300;
    for (const type of PEER_TYPES) {
      for (const round of EVERY_ROUND) {
        const mail = type === 'abort' ? { code: 'declined', reason: '' } : { phase: 'stored' };
        const { plaintext } = mailOf(type, id, seq, mail);
        p1.manager.receive('p3', { ...roundMessage(type, id, round, seq), plaintext });
        seq += 1;
      }
    }
    expect(lineOf(p1, id).frames).toEqual([]);
    expect(p1.sent).toHaveLength(said);
    await untouched(p1, id);
  });

  test('R-6: after the end nothing begins again', async () => {
    const { p1, p2, id } = await begun(operation);
    p1.manager.receive('p2', mailOf('abort', id, 50, { code: 'declined', reason: '' }));
    await setImmediate();
    const end = p1.view(id);
    expect(end).toMatchObject({ status: 'aborted', error: { code: 'declined' } });
    let seq = 400;
    for (const type of PEER_TYPES) {
      for (const round of EVERY_ROUND) {
        p1.manager.receive('p2', roundMessage(type, id, round, seq));
        seq += 1;
      }
    }
    const proposal = p2.sent.find(({ type }) => type === 'two_party_sign_init');
    if (proposal !== undefined) p1.manager.receive('p2', { ...proposal, seq: 900 });
    expect(p1.view(id)).toEqual(end);
    expect(lineOf(p1, id)).toMatchObject({ frames: [], ended: true });
    expect(p1.manager.running).toBe(0);
    expect(p1.keys.find(KEY)?.lock.state).toBe('none');
  });
});

describe('before both sides agree', () => {
  test('R-6: rounds are kept, at most eight, and only those that the partner says', async () => {
    const { p1, p2 } = joinedSides();
    p1.carries = () => false;
    const { session_id: id } = p1.manager.order({
      type: 'sign',
      partner: 'p2',
      keySessionId: KEY,
      message: 'pay',
    }).view;
    await eventually(() =>
      expect(p1.sent.map(({ type }) => type)).toEqual(['two_party_sign_init']),
    );
    let seq = 100;
    for (const type of ROUND_TYPES) {
      p1.manager.receive('p2', roundMessage(type, id, 2, (seq += 1)));
    }
    for (let at = 0; at < 20; at += 1) {
      p1.manager.receive('p2', roundMessage('sign_p2_partial', id, 4, (seq += 1)));
    }
    expect(p1.lines.get(id)?.frames).toEqual([]);
    const [proposal] = p1.sent;
    if (proposal === undefined) throw new Error('no proposal');
    p2.manager.receive('p1', proposal);
    await eventually(() => expect(p1.lines.get(id)?.frames).toHaveLength(8));
    expect(p1.lines.get(id)?.frames.map(({ round }) => round)).toEqual([2, ...Array(7).fill(4)]);
  });

  test.each(['keygen', 'sign'] as const)(
    'a certificate that comes before this side has proposed its %s is not looked at',
    async (type) => {
      const { p1, p2 } = joinedSides();
      const { session_id: id } = p1.manager.order({
        type,
        partner: 'p2',
        keySessionId: KEY,
        message: 'pay',
      }).view;
      const early = { operation: type, reply: true, certificate: 'AAAA' };
      for (let seq = 99; p1.sent.length === 0; seq += 1) {
        p1.manager.receive('p2', mailOf('two_party_sign_init', id, seq, early));
        p1.sent.splice(0, p1.sent.length, ...p1.sent.filter((said) => said.type !== 'ack'));
        await Promise.resolve();
      }
      await eventually(() => {
        expect([p1, p2].map((side) => side.view(id)?.status)).toEqual(['running', 'running']);
      });
    },
  );

  test('a certificate that does not say that it is an answer is none', async () => {
    const { p1, p2 } = joinedSides();
    p2.carries = () => true;
    const { session_id: id } = p1.manager.order({ type: 'keygen', partner: 'p2' }).view;
    await eventually(() => expect(p2.view(id)?.status).toBe('running'));
    const answer = p2.sent.find(({ type }) => type === 'two_party_sign_init');
    const init = JSON.parse(Buffer.from(answer?.plaintext ?? []).toString()) as object;
    p1.manager.receive('p2', mailOf('two_party_sign_init', id, 77, { ...init, reply: false }));
    await settled();
    expect(p1.view(id)?.status).toBe('created');
    p1.manager.receive('p2', mailOf('two_party_sign_init', id, 78, init));
    await settled();
    expect(p1.view(id)?.status).toBe('running');
  });

  test('a session that ends while its certificate is being signed proposes nothing', async () => {
    const { p1 } = joinedSides();
    const { session_id: id } = p1.manager.order({ type: 'keygen', partner: 'p2' }).view;
    while (!p1.lines.has(id)) await Promise.resolve();
    p1.manager.stop();
    await settled();
    expect(p1.sent.map(({ type }) => type)).not.toContain('two_party_sign_init');
    expect(p1.view(id)?.error?.code).toBe('stopping');
  });

  test.each(PEER_TYPES.filter((type) => type !== 'two_party_sign_init'))(
    'R-6: a message of type %s for a session that nobody knows opens none',
    (type) => {
      const { p1 } = joinedSides();
      const id = 'ee'.repeat(16);
      for (const round of EVERY_ROUND) p1.manager.receive('p2', roundMessage(type, id, round, 1));
      expect(p1.manager.running).toBe(0);
      expect(p1.view(id)).toBeUndefined();
    },
  );

  test('L-13: P1’s proposal that comes back to P1 under P1’s certificate is refused', async () => {
    const { p1 } = joinedSides();
    p1.carries = () => false;
    p1.manager.order({ type: 'sign', partner: 'p2', keySessionId: KEY, message: 'pay' });
    await eventually(() => expect(p1.sent).toHaveLength(1));
    const [own] = p1.sent;
    if (own === undefined) throw new Error('no proposal');
    const id = 'ef'.repeat(16);
    p1.manager.receive('p2', { ...own, sessionId: id });
    const refused = mailOf('abort', id, 0, { code: 'aborted', reason: '' });
    await eventually(() => expect(p1.sent).toContainEqual(refused));
    expect(p1.log).toContain('a certificate for another session');
    expect([p1.lines.get(id), p1.view(id)]).toEqual([undefined, undefined]);
  });

  test('R-1: a certificate under another key than the pinned one is refused, and nothing is locked', async () => {
    const { p1, p2 } = joinedSides();
    const liar = makeParty(2, 'p2');
    Object.assign(p2.party, { key: liar.key });
    const { session_id: id } = p1.manager.order({
      type: 'sign',
      partner: 'p2',
      keySessionId: KEY,
      message: 'pay',
    }).view;
    await eventually(() => expect(p1.view(id)?.error?.code).toBe('invalid_certificate'));
    expect(lineOf(p1, id).starts).toEqual([]);
    expect(p1.keys.find(KEY)?.lock.state).toBe('none');
  });
});
