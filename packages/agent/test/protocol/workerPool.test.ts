import { type Logger, silentLogger } from '@quorate/holder';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createWorkerPool, type SessionEvent, type SessionPort } from '../../src/protocol/pool.ts';
import { keepLines } from '../../../holder/test/support/lines.ts';

function pool(size: number, logger: Logger = silentLogger) {
  const threads = createWorkerPool(size, { logger });
  onTestFinished(() => threads.close());
  return threads;
}

describe('worker pool', () => {
  test('prepares several sessions at once, each with keys of its own', async () => {
    const threads = pool(2);
    const prepared = await Promise.all(
      ['a', 'b', 'c', 'd'].map((id) => threads.open(id, null, () => undefined).prepare()),
    );
    const keys = prepared.map(({ x25519 }) => Buffer.from(x25519).toString('hex'));
    expect(new Set(keys).size).toBe(4);
    const nonces = prepared.map(({ nonce }) => Buffer.from(nonce).toString('hex'));
    expect(new Set(nonces).size).toBe(4);
  });

  test('J-9: the opener is transferred and nothing of it stays with the caller', async () => {
    const events: SessionEvent[] = [];
    let arrived: () => void = () => undefined;
    const refused = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const port = pool(1).open('s', 'key', (event) => {
      events.push(event);
      arrived();
    });
    await port.prepare();
    const opener = new Uint8Array(32).fill(7);
    port.start('sign', {
      sid: new Uint8Array(32).fill(1),
      index: 1,
      signers: [1, 2],
      digest: new Uint8Array(32).fill(1),
      bans: [],
      peers: [],
      encryptedShard: new Uint8Array(64),
      opener,
      expected: {
        algorithm: 'ecdsa-secp256k1',
        publicKey: new Uint8Array(33),
        keyTag: new Uint8Array(20),
        keyId: new Uint8Array(32),
        recordId: new Uint8Array(32),
        threshold: 2,
        parties: 2,
        epoch: 0,
      },
    });
    expect(opener.every((byte) => byte === 0)).toBe(true);
    await refused;
    expect(events).toMatchObject([{ event: 'refused', reason: 'shard/tampered' }]);
  });

  test('X-4: a fault of our own ends its session with a word, is logged and counted, and the thread goes on', async () => {
    const { logger, messages, fields } = keepLines();
    const threads = pool(1, logger);
    let arrived: (event: SessionEvent) => void = () => undefined;
    const failed = new Promise<SessionEvent>((resolve) => {
      arrived = resolve;
    });
    const port = threads.open('never prepared', null, (event) => arrived(event));
    await threads.open('warm', null, () => undefined).prepare();
    port.start('keygen', undefined as never);
    expect(await failed).toMatchObject({ event: 'aborted', abort: { reason: 'internal-error' } });
    expect(messages).toEqual(['a session ended because of an error of our own']);
    expect(fields[0]).toMatchObject({ thread: 0, session: 'never prepared', name: 'TypeError' });
    expect(threads.health).toMatchObject([{ restarts: 0, faults: 1 }]);
    const prepared = await threads.open('next', null, () => undefined).prepare();
    expect(prepared.x25519).toHaveLength(32);
  });

  test('O-12: what the thread finds before it confirms an end still arrives, also while the pool closes', async () => {
    for (const stop of [(port: SessionPort) => port.end(), () => undefined]) {
      const threads = createWorkerPool(1);
      const events: SessionEvent[] = [];
      const port = threads.open('s', null, (event) => events.push(event));
      await port.prepare();
      port.start('keygen', {
        sid: new Uint8Array(32).fill(1),
        threshold: 9,
        parties: 2,
        index: 1,
        peers: [],
      });
      stop(port);
      await threads.close();
      expect(events).toMatchObject([{ event: 'refused', reason: 'input/threshold' }]);
    }
  });

  test('a closed pool opens nothing', async () => {
    const threads = createWorkerPool(1);
    await threads.close();
    expect(() => threads.open('s', null, () => undefined)).toThrow(/stopping/);
  });
});
