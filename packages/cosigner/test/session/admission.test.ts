import { setImmediate } from 'node:timers/promises';
import type { PeerInit } from '@quorate/wire';
import { describe, expect, test } from 'vitest';
import { isSameRequest } from '../../src/session/request.ts';
import type { KeyRecord } from '../../src/store/keyRecords.ts';
import { keyBetween, mailOf, makeParty, makeSide, type Side } from '../support/halves.ts';
import { KEY, share } from '../support/records.ts';

const parties = [makeParty(1, 'p1'), makeParty(2, 'p2')] as const;
const third = makeParty(2, 'p3');
const SESSION = 'cd'.repeat(16);

const sideWith = (index: 1 | 2, change: Partial<KeyRecord> = {}): Side => {
  const [own, other] = index === 1 ? parties : [parties[1], parties[0]];
  const record = { ...keyBetween(index, parties), ...change };
  return makeSide(index, own, [other, third], { records: [record] });
};

const init: PeerInit = {
  operation: 'sign',
  reply: false,
  certificate: Buffer.alloc(240).toString('base64'),
  key_session_id: KEY,
  epoch: 0,
  paillier_bits: 2048,
  message: 'pay',
  hash: 'eip191',
};

/** The code in the log, and what the partner is told. */
const refusal = (side: Side, change: Partial<PeerInit>, partner?: string): unknown => {
  const from = partner ?? (side.party === parties[0] ? 'p2' : 'p1');
  side.manager.receive(from, mailOf('two_party_sign_init', SESSION, 1, { ...init, ...change }));
  expect(side.view(SESSION)).toBeUndefined();
  expect(side.lines.size).toBe(0);
  expect(side.manager.running).toBe(0);
  const told = side.sent.find(({ type }) => type === 'abort');
  const { code }: { code?: unknown } = JSON.parse(
    Buffer.from(told?.plaintext ?? Buffer.from('{}')).toString(),
  );
  return code;
};
const lock = (state: 'refreshable' | 'terminal', reopened = 0): Partial<KeyRecord> => ({
  lock: { state, reopened, session_id: KEY, at: 1 },
});

describe('a proposal of the partner is refused, and neither session nor lock is made of it,', () => {
  const refresh: Partial<PeerInit> = { operation: 'refresh' };

  test.each([
    ['for a key that nobody has', 1, {}, { key_session_id: 'ff'.repeat(16) }, 'unknown_key'],
    ['for no key', 1, {}, { key_session_id: undefined }, 'unknown_key'],
    ['for another partner’s key', 1, { partner: 'p3' }, {}, 'unknown_key'],
    ['for a key that is not confirmed', 2, { state: 'pending' }, { epoch: 1 }, 'key_pending'],
    ['for a later epoch', 1, {}, { epoch: 1 }, 'epoch_mismatch'],
    ['for an older epoch', 1, { share: share(2) }, { epoch: 1 }, 'epoch_mismatch'],
    [
      'for a key made with another partner',
      1,
      { partner_identity: '04'.repeat(65) },
      {},
      'aborted',
    ],
    ['for a key made with another identity', 1, { own_identity: '04'.repeat(65) }, {}, 'aborted'],
    ['for a locked key', 1, lock('refreshable'), {}, 'key_locked'],
    ['for a retired key', 1, lock('terminal'), {}, 'key_retired'],
    ['for a key opened three times', 1, lock('refreshable', 3), {}, 'key_retired'],
    ['for a key that was rolled back', 1, { rolled_back: true }, {}, 'aborted'],
    ['without a text', 1, {}, { message: undefined }, 'aborted'],
    ['without a hash', 1, {}, { hash: undefined }, 'aborted'],
    ['with a digest that is none', 1, {}, { hash: 'none' }, 'aborted'],
    [
      'of a key of another size',
      1,
      {},
      { operation: 'keygen', paillier_bits: 3072 },
      'intent_mismatch',
    ],
    ['that answers nothing', 1, {}, { reply: true }, 'aborted'],
    ['of a refresh by P2', 1, {}, refresh, 'wrong_side'],
    ['of a refresh of a retired key', 2, lock('terminal'), refresh, 'key_retired'],
    ['of a fourth opening', 2, lock('refreshable', 3), refresh, 'key_retired'],
    [
      'of a refresh before the end of the last is known',
      2,
      { next: { session_id: 'ee'.repeat(16), share: share(1) } },
      refresh,
      'key_pending',
    ],
  ] as const)('R-9, R-10: %s', (_, index, record, change, code) => {
    expect(refusal(sideWith(index, record), change)).toBe(code);
  });

  test('of somebody who is no partner', () => {
    expect(refusal(sideWith(1), {}, 'p4')).toBe('aborted');
  });

  test('of a partner whose key it is not, though it knows its name', () => {
    expect(refusal(sideWith(1), {}, 'p3')).toBe('unknown_key');
  });

  test('when the server stops', () => {
    const side = sideWith(1);
    side.manager.stop();
    expect(refusal(side, {})).toBe('stopping');
  });

  test('that is not one', () => {
    const side = sideWith(1);
    side.manager.receive('p2', mailOf('two_party_sign_init', SESSION, 1, { operation: 'export' }));
    expect(side.view(SESSION)).toBeUndefined();
    expect(side.sent.map(({ type }) => type)).toEqual(['abort', 'ack']);
  });
});

describe('an order of REST', () => {
  const order = { type: 'sign', partner: 'p2', keySessionId: KEY, message: 'pay' } as const;

  test('is refused for a second refresh of a key while one runs', () => {
    const side = sideWith(1);
    side.manager.order({ type: 'refresh', partner: 'p2', keySessionId: KEY });
    expect(() => side.manager.order({ type: 'refresh', partner: 'p2', keySessionId: KEY })).toThrow(
      expect.objectContaining({ code: 'refresh_running' }),
    );
  });

  test('E-1, L-14: of a refresh of a key that was rolled back is refused when no opening is left', () => {
    const rolledBack = (reopened: number): Side =>
      sideWith(1, {
        rolled_back: true,
        lock: { state: 'none', reopened, session_id: null, at: null },
      });
    const refresh = { type: 'refresh', partner: 'p2', keySessionId: KEY } as const;
    expect(() => rolledBack(2).manager.order(refresh)).not.toThrow();
    const refusal = expect.objectContaining({ code: 'key_retired' });
    expect(() => rolledBack(3).manager.order(refresh)).toThrow(refusal);
    expect(() => rolledBack(2).manager.order(order)).toThrow(
      expect.objectContaining({ code: 'key_rolled_back' }),
    );
  });

  test('is refused when as many sessions run as may', () => {
    const side = sideWith(1);
    for (let at = 0; at < 100; at += 1) side.manager.order(order);
    expect(() => side.manager.order(order)).toThrow(
      expect.objectContaining({ code: 'too_many_sessions' }),
    );
    side.manager.stop();
  });

  const R = { caller: 'me', id: 'r' };

  test('under the same request id is the same session, and with other content a conflict', () => {
    const side = sideWith(1);
    const first = side.manager.order({ ...order, request: R });
    expect(side.manager.order({ ...order, request: R }).view.session_id).toBe(
      first.view.session_id,
    );
    expect(() => side.manager.order({ ...order, request: R, message: 'pay more' })).toThrow(
      expect.objectContaining({ code: 'request_conflict' }),
    );
    expect(side.manager.running).toBe(1);
    side.manager.stop();
  });

  test('Z-19: that names the default hash is no other content', () => {
    const side = sideWith(1);
    const { session_id: id } = side.manager.order({ ...order, request: R }).view;
    const named = { ...order, hash: 'eip191', request: R } as const;
    expect(side.manager.order(named).view.session_id).toBe(id);
    const other = { ...order, hash: 'sha256', request: R } as const;
    expect(() => side.manager.order(other)).toThrow(
      expect.objectContaining({ code: 'request_conflict' }),
    );
    side.manager.stop();
  });

  test('Z-19: the digits of a digest are the same request, however they are written', () => {
    const side = sideWith(1);
    const digest = (message: string) => ({ ...order, hash: 'none', message, request: R }) as const;
    const { session_id: id } = side.manager.order(digest(`0x${'5F'.repeat(32)}`)).view;
    expect(side.manager.order(digest('5f'.repeat(32))).view.session_id).toBe(id);
    const other = (): unknown => side.manager.order(digest('6f'.repeat(32)));
    expect(other).toThrow(expect.objectContaining({ code: 'request_conflict' }));
    side.manager.stop();
  });

  test('Z-19: the id of one caller is none of another', () => {
    const side = sideWith(1);
    const { session_id: mine } = side.manager.order({ ...order, request: R }).view;
    const yours = { ...order, message: 'pay you', request: { caller: 'you', id: 'r' } };
    const { session_id: theirs } = side.manager.order(yours).view;
    expect(theirs).not.toBe(mine);
    expect(side.manager.order(yours).view.session_id).toBe(theirs);
    side.manager.stop();
  });

  test('Z-19: what an earlier version kept of a request is compared by its meaning', () => {
    const kept = JSON.stringify({ ...order, requestId: 'r' });
    expect(isSameRequest(kept, { ...order, hash: 'eip191' })).toBe(true);
    expect(isSameRequest(kept, { ...order, message: 'pay more' })).toBe(false);
    expect(isSameRequest('', order)).toBe(false);
  });
});

describe('how a session stands', () => {
  test('R-9: is told to its own partner alone', async () => {
    const side = sideWith(1);
    const { session_id: id } = side.manager.order({
      type: 'sign',
      partner: 'p2',
      keySessionId: KEY,
      message: 'pay',
    }).view;
    side.manager.stop();
    side.manager.receive('p2', mailOf('ack', id, 0, { seq: 1, status: 'aborted' }));
    await setImmediate();
    const said = side.sent.length;
    for (const about of [mailOf('session_sync', id, 0, {}), mailOf('session_sync', id, 5, {})]) {
      side.manager.receive('p3', about);
    }
    const all = { ...mailOf('session_sync', '', 0, { running: [id], keys: [] }), sessionId: '' };
    side.manager.receive('p3', all);
    const { sent } = side;
    expect(sent.slice(said).filter(({ type }) => type !== 'ack')).toEqual([]);
    side.manager.receive('p2', all);
    expect(sent.slice(said).map(({ type }) => type)).toContain('abort');
  });
});
