import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { readFormerSessions } from '../../src/store/formerSessions.ts';
import { openSessionRecords, type SessionRecord } from '../../src/store/sessionRecords.ts';
import { surplusOf, type Surroundings } from '../../src/store/retention.ts';
import { joinedSides, mailOf, makeParty } from '../support/halves.ts';
import { certificateFor } from '../support/proposals.ts';
import { openJournalIn } from '../support/journals.ts';
import { KEY } from '../support/records.ts';
import { AT, idOf, recordOf, SIGNED } from '../support/sessions.ts';

const DAY_MS = 86_400_000;
const NOW = AT;
const record = recordOf;
const surroundings = (change: Partial<Surroundings> = {}): Surroundings => ({
  now: NOW,
  keep: { days: 400, sessions: 1000 },
  partners: 1,
  isLiving: () => false,
  ...change,
});
const signed = SIGNED;
const requested = { caller: 'me', request_id: 'r' };

describe('sessions that are over', () => {
  const flood = (from: number, count: number): SessionRecord[] =>
    Array.from({ length: count }, (_, at) => record(from + at));

  test('Z-10: without a result make room for one another alone', () => {
    const kept = [
      record(1, signed),
      record(2, {}, requested),
      record(3, { type: 'keygen', status: 'completed' }),
      record(4, { status: 'unknown_outcome' }),
      record(5, { status: 'running' }),
      record(6, { partner: 'other' }),
    ];
    const isLiving = (id: string): boolean => id === idOf(3);
    const surplus = surplusOf([...kept, ...flood(100, 12_000)], surroundings({ isLiving }));
    expect(surplus).toHaveLength(2000);
    // The oldest of the partner that has too many.
    expect(new Set(surplus)).toEqual(
      new Set(flood(100, 2000).map((one) => one.session.session_id)),
    );
  });

  test('Z-10: of a key that is gone, a key generation is one without a result', () => {
    const keygen = record(1, { type: 'keygen', status: 'completed' });
    const all = [keygen, ...flood(100, 10_000)];
    expect(surplusOf(all, surroundings())).toEqual([idOf(1)]);
  });

  test('Z-10: each partner has its share of the room', () => {
    const ten = surroundings({ partners: 10 });
    const other = Array.from({ length: 1000 }, (_, at) => record(at, { partner: 'other' }));
    expect(surplusOf([...other, ...flood(5000, 3000)], ten)).toHaveLength(2000);
    const many = surroundings({ partners: 1000 });
    expect(surplusOf(flood(0, 150), many)).toHaveLength(50);
  });

  test('Z-10: with a request id or a signature are kept for days, and then not', () => {
    const at = (days: number) => ({ updated_at: NOW - days * DAY_MS });
    const all = [
      record(1, { ...signed, ...at(401) }),
      record(2, at(401), requested),
      record(3, { status: 'unknown_outcome', ...at(401) }),
      record(4, { ...signed, ...at(399) }),
      record(5, at(399), requested),
    ];
    expect(surplusOf(all, surroundings()).toSorted()).toEqual([1, 2, 3].map(idOf));
  });

  test('Z-10: that a partner had signed do not take the place of requests', () => {
    const own = Array.from({ length: 1000 }, (_, at) => record(at, signed, requested));
    const theirs = Array.from({ length: 1500 }, (_, at) => record(5000 + at, signed));
    const surplus = surplusOf([...own, ...theirs], surroundings());
    expect(surplus.toSorted()).toEqual(Array.from({ length: 500 }, (_, at) => idOf(5000 + at)));
    const more = record(9000, signed, requested);
    expect(surplusOf([...own, more], surroundings())).toEqual([idOf(0)]);
  });
});

describe('the records of sessions', () => {
  test('Z-10: are let go of on disk, too, and the request id of a paid signature stays', async () => {
    const directory = temporaryDirectory();
    const journal = openJournalIn(directory);
    const records = openSessionRecords(journal, 1, () => NOW);
    records.retain({ keep: { days: 400, sessions: 1000 }, partners: 200, isLiving: () => false });
    const added = [records.add(record(1, signed, { ...requested, request: '{}' }))];
    for (let at = 2; at <= 400; at += 1) added.push(records.add(record(at)));
    await Promise.all(added);
    expect(records.findByRequest('me', 'r')?.session.session_id).toBe(idOf(1));
    expect(records.find(idOf(2))).toBeUndefined();
    expect(records.find(idOf(400))).toBeDefined();
    journal.close();
    const reopened = openJournalIn(directory);
    expect(reopened.state.sessions.size).toBe(101);
    const again = openSessionRecords(reopened, 1, () => NOW);
    expect(again.findByRequest('me', 'r')?.session.signature).toBe(signed.signature);
  });

  test('Z-19: one of an earlier version keeps its request id from every caller', () => {
    const directory = temporaryDirectory();
    const { caller: _, ...before } = record(1, signed, { ...requested, request: '{}' });
    const file = join(directory, `${idOf(1)}.json`);
    writeFileSync(file, JSON.stringify({ format: 'quorate-two-party-session/v1', ...before }));
    const journal = openJournalIn(temporaryDirectory(), readFormerSessions(directory));
    const records = openSessionRecords(journal, 1, () => NOW);
    for (const caller of ['me', 'you']) {
      expect(records.findByRequest(caller, 'r')?.session.session_id).toBe(idOf(1));
    }
  });
});

describe('a proposal of a partner', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const proposal = {
    operation: 'sign',
    reply: false,
    key_session_id: KEY,
    epoch: 0,
    message: 'x',
    hash: 'sha256',
  };

  test('Z-10: leaves no record unless its certificate holds', async () => {
    const { p1, p2 } = joinedSides();
    p1.carries = () => true;
    const liar = makeParty(2, 'p2');
    const ids = [1, 2, 3].map(idOf);
    const certificates = [
      'AAAA',
      certificateFor({ p1, p2 }, { id: ids[1] ?? '', message: 'x', hash: 'sha256', key: liar.key }),
      certificateFor({ p1, p2 }, { id: ids[2] ?? '', message: 'x', hash: 'sha256' }),
    ];
    for (const [at, certificate] of certificates.entries()) {
      const mail = { ...proposal, certificate };
      p1.manager.receive('p2', mailOf('two_party_sign_init', ids[at] ?? '', 1, mail));
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(ids.map((id) => p1.view(id)?.status)).toEqual([undefined, undefined, 'running']);
    expect(p1.manager.running).toBe(1);
    const told = p1.sent.filter(({ type }) => type === 'abort').map(({ sessionId }) => sessionId);
    expect(told).toEqual(ids.slice(0, 2));
  });
});
