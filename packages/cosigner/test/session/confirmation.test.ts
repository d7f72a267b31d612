import { silentLogger } from '@quorate/holder';
import { join } from 'node:path';
import { fromHex } from '@quorate/intent';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import type { PeerMessage } from '../../src/peer/connection.ts';
import { encodeMail } from '@quorate/two-party';
import { type ManagerContext, SessionManager } from '../../src/session/manager.ts';
import type { KeyRecord, KeyRecords } from '../../src/store/keyRecords.ts';
import { openJournalIn } from '../support/journals.ts';
import { openSessionRecords } from '../../src/store/sessionRecords.ts';
import { openUnwanted } from '../../src/store/unwanted.ts';
import { identity, KEY, openRecords, recordOf, share } from '../support/records.ts';

const SESSION = 'cd'.repeat(16);
interface Half {
  readonly keys: KeyRecords;
  readonly manager: SessionManager;
  readonly sent: PeerMessage[];
  /** Where what it says goes, if anywhere. */
  hears: ((message: PeerMessage) => void) | undefined;
}

/** What a manager needs for keys and messages; no session comes so far as to need more. */
function half(index: 1 | 2, records: readonly KeyRecord[]): Half {
  const directory = temporaryDirectory();
  const keys = openRecords(join(directory, 'keys'));
  for (const record of records) keys.add(record);
  const name = index === 1 ? 'p1' : 'p2';
  const own = { name, identity: fromHex(identity) };
  const context = {
    config: {
      capabilities: ['keygen', 'sign'],
      max_sessions: 10,
      paillier_bits: 2048,
      partners: [],
      keep: { days: 400, sessions: 1000 },
    },
    index,
    own,
    store: {
      keys,
      unwanted: openUnwanted(join(directory, 'unwanted')),
      sessions: openSessionRecords(openJournalIn(directory), index, () => 1),
    },
    vault: { delete: () => Promise.resolve() },
    logger: silentLogger,
    now: () => 1,
    partner: (other: string) => ({ name: other, identity: fromHex(identity) }),
    send: (_: string, message: PeerMessage) => {
      made.sent.push(message);
      made.hears?.(message);
      return true;
    },
    onSession: () => undefined,
  } as unknown as ManagerContext;
  const made: Half = { keys, manager: new SessionManager(context), sent: [], hears: undefined };
  return made;
}

/** Both sides, joined without a network. */
function joined(records1: readonly KeyRecord[], records2: readonly KeyRecord[]): [Half, Half] {
  const [p1, p2] = [half(1, records1), half(2, records2)];
  p1.hears = (message) => p2.manager.receive('p1', message);
  p2.hears = (message) => p1.manager.receive('p2', message);
  return [p1, p2];
}

const connect = ([p1, p2]: readonly [Half, Half]): void => {
  p1.manager.connected('p2');
  p2.manager.connected('p1');
};

const message = (type: PeerMessage['type'], seq: number, plaintext: object): PeerMessage => ({
  type,
  sessionId: SESSION,
  round: 0,
  seq,
  plaintext: encodeMail(plaintext),
  signature: '',
});

const refreshed: Partial<KeyRecord> = { next: { session_id: SESSION, share: share(1) } };

describe('a share that P2 has stored and P1 has not confirmed', () => {
  test('D-10: becomes the key when P1 has it, be it one of more keys than a message holds', () => {
    const others = Array.from({ length: 1200 }, (_, at) =>
      recordOf(1, { session_id: at.toString(16).padStart(32, '0') }),
    );
    const pair = joined([recordOf(1), ...others], [recordOf(2, { state: 'pending' })]);
    connect(pair);
    expect(pair[1].keys.find(KEY)?.state).toBe('active');
  });

  test('D-10: is not forgotten because P1’s list does not name it', () => {
    const p2 = half(2, [recordOf(2, { state: 'pending' })]);
    p2.manager.receive('p1', {
      ...message('session_sync', 0, { running: [], keys: [] }),
      sessionId: '',
    });
    expect(p2.keys.find(KEY)?.state).toBe('pending');
  });

  test('D-10: is forgotten when P1 says that it has no such key', () => {
    const pair = joined([], [recordOf(2, { state: 'pending' })]);
    connect(pair);
    expect(pair[1].keys.list()).toEqual([]);
  });

  test.each([
    ['becomes the key when P1 has its epoch', [recordOf(1, { share: share(1) })], 1, false],
    ['is forgotten when P1 has the older epoch', [recordOf(1)], 0, false],
    ['stays when P1 has no such key', [], 0, true],
    ['stays when P1’s key is one of another partner', [recordOf(1, { partner: 'x' })], 0, true],
    ['stays when P1 has a later epoch', [recordOf(1, { share: share(2) })], 0, true],
  ])('D-10: of a refresh %s', (_, records, epoch, waits) => {
    const pair = joined(records, [recordOf(2, refreshed)]);
    connect(pair);
    const record = pair[1].keys.find(KEY);
    expect(record?.share.epoch).toBe(epoch);
    expect(record?.next !== null).toBe(waits);
  });

  test('D-10: is kept when P1 aborts, and P2 asks what became of it', () => {
    const p2 = half(2, [recordOf(2, refreshed)]);
    p2.manager.receive('p1', message('abort', 1, { code: 'process_restarted', reason: '' }));
    expect(p2.keys.find(KEY)?.next?.session_id).toBe(SESSION);
    const asked = p2.sent.filter(({ type }) => type === 'session_sync');
    expect(asked.map(({ plaintext }) => plaintext)).toEqual([
      encodeMail({ keys: [{ session_id: KEY, epoch: 1 }] }),
    ]);
    const p1 = half(1, [recordOf(1, { share: share(1) })]);
    p1.hears = (answer) => p2.manager.receive('p1', answer);
    for (const question of asked) p1.manager.receive('p2', question);
    expect(p2.keys.find(KEY)?.share.epoch).toBe(1);
  });

  test.each([
    ['an older epoch', 'sign', 0],
    ['a later epoch', 'sign', 2],
    ['an older epoch', 'refresh', 0],
  ])('D-10: is kept when P1 proposes %s for %s', (_, operation, epoch) => {
    const p2 = half(2, [recordOf(2, refreshed)]);
    const init = {
      operation,
      reply: false,
      certificate: Buffer.alloc(240).toString('base64'),
      key_session_id: KEY,
      epoch,
      paillier_bits: 2048,
    };
    const proposal = { ...message('two_party_sign_init', 1, init), sessionId: 'ef'.repeat(16) };
    p2.manager.receive('p1', proposal);
    expect(p2.keys.find(KEY)?.next?.share.epoch).toBe(1);
    expect(p2.sent.some(({ type }) => type === 'abort')).toBe(true);
  });

  test('J-7: the refusal of a proposal does not tell the partner which check failed', () => {
    const p2 = half(2, [recordOf(2, { rolled_back: true })]);
    const init = {
      operation: 'sign',
      reply: false,
      certificate: Buffer.alloc(240).toString('base64'),
      key_session_id: KEY,
      epoch: 0,
      paillier_bits: 2048,
    };
    p2.manager.receive('p1', message('two_party_sign_init', 1, init));
    const abort = p2.sent.find(({ type }) => type === 'abort');
    expect(abort?.plaintext).toEqual(encodeMail({ code: 'aborted', reason: '' }));
  });
});
