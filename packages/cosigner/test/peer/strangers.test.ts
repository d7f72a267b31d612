import { join } from 'node:path';
import { PEER_LIMITS } from '@quorate/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate } from '../../../../test/support/certificate.ts';
import { pathsOf } from '../../src/files.ts';
import { loadCosignerConfig } from '../../src/index.ts';
import { readPrivateKey } from '../../src/keys.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { dial, Listener, openSocket, ownEnd, type Somebody, somebody } from '../support/links.ts';
import { type Pair, peerOf, Running, startPair } from '../support/pair.ts';
import type { Side } from '../support/configuration.ts';
import { copyStores, makeStores, removeStores } from '../support/stores.ts';

describe('somebody who is not the partner', () => {
  let fresh: string;
  let pair: Pair;
  let key: string;

  beforeAll(async () => {
    fresh = await makeStores();
    pair = await startPair(copyStores(fresh));
    key = (await pair.p1.keygen()).session_id;
    await pair.p2.over(key);
  });

  afterAll(async () => {
    await pair.stop();
    removeStores(fresh, pair.directory);
  });

  /** The X25519 key of one side, out of its store. */
  const keyOf = (side: Side): Somebody => {
    const paths = pathsOf(loadCosignerConfig(join(pair.directory, `${side}.yaml`)));
    return { name: side, key: readPrivateKey(paths.inStore('peer')) };
  };

  const logged = ({ log }: Running, reason: string): Promise<void> =>
    eventually(() => {
      const found = log.filter((line) => line.includes('connection refused'));
      expect(found.some((line) => line.includes(reason))).toBe(true);
    });

  /** Nothing is lost or locked: the real two still sign. */
  const stillSigns = async (text: string): Promise<void> => {
    expect((await pair.p1.keys())[0]).toMatchObject({ state: 'active', lock: null });
    const signed = await pair.p1.sign(key, text);
    expect(signed).toMatchObject({ status: 'completed', error: null });
    await pair.p2.over(signed.session_id);
  };

  test('R-1: who takes the partner’s name with another key is refused and logged, and the partner stays connected', async () => {
    const enterprise = keyOf('enterprise');
    const liar = await dial(
      peerOf(pair.p1),
      ownEnd(somebody('mobile-app'), [enterprise]),
      'enterprise',
    );
    expect(await liar.closed).toBe(4401);
    await logged(pair.p1, 'not the pinned key');
    expect(pair.p1.log.filter((line) => line.includes('partner disconnected'))).toEqual([]);
    await stillSigns('after a liar');
  });

  test('R-1: who has a name that nobody pinned is refused and logged', async () => {
    const end = ownEnd(somebody('stranger'), [keyOf('enterprise')]);
    const stranger = await dial(peerOf(pair.p1), end, 'enterprise');
    expect(await stranger.closed).toBe(4401);
    await logged(pair.p1, 'unknown partner');
    await stillSigns('after a stranger');
  });

  test('R-1: who is dialled in the place of the partner is not taken for it', async () => {
    const impostor = await Listener.start(ownEnd(somebody('enterprise'), [keyOf('mobile-app')]));
    const alone = copyStores(fresh);
    const p2 = await Running.start(alone, 'mobile-app', { peer: impostor.url });
    await eventually(() => expect(impostor.ends.length).toBeGreaterThan(0));
    await impostor.ends[0]?.closed;
    expect(impostor.ends[0]?.ready).toEqual([]);
    expect((await fetch(`${p2.url}/readyz`)).status).toBe(503);
    await p2.stop();
    await impostor.close();
    removeStores(alone);
  });

  test('R-1: whose certificate is of another authority is not spoken to, which is logged once', async () => {
    const directory = copyStores(fresh);
    const foreign = makeCertificate(directory, 'foreign');
    const right = makeCertificate(directory, 'right');
    const p1 = await Running.start(directory, 'enterprise', { tls: foreign });
    const peer = peerOf(p1);
    const ca = { tls: { ca_file: right.certificate_file } };
    const p2 = await Running.start(directory, 'mobile-app', { peer, ...ca });
    const failed = (): string[] => p2.log.filter((line) => line.includes('dialling failed'));
    await eventually(() => expect(failed().length).toBeGreaterThan(1));
    expect(failed().filter((line) => line.includes('"warn"'))).toHaveLength(1);
    expect((await fetch(`${p2.url}/readyz`)).status).toBe(503);
    await p2.stop();
    // With the certificate's own authority the same two meet.
    const trusting = { tls: { ca_file: foreign.certificate_file } };
    const again = await Running.start(directory, 'mobile-app', { peer, ...trusting });
    await again.connected();
    await Promise.all([p1.stop(), again.stop()]);
    removeStores(directory);
  });

  test('R-8: an oversized frame ends the connection, is logged, and loses nothing', async () => {
    const oversized = 'x'.repeat(PEER_LIMITS.frame + 1);
    const socket = await openSocket(peerOf(pair.p1));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined).send(oversized);
    await closed;
    await logged(pair.p1, 'Max payload size exceeded');
    await stillSigns('after a stranger’s frame');
    // Of the partner itself: with its key, in the place of its connection.
    const end = ownEnd(keyOf('mobile-app'), [keyOf('enterprise')]);
    const partner = await dial(peerOf(pair.p1), end, 'enterprise');
    await eventually(() => expect(partner.ready).toEqual(['enterprise']));
    partner.socket.send(oversized);
    await partner.closed;
    await pair.p1.connected();
    await stillSigns('after the partner’s frame');
  });

  test('R-5: a text that is not JSON, an empty one and a wrong one each end a connection that has proved nothing', async () => {
    for (const text of [
      '',
      '{',
      '[]',
      '{"type":"ack"}',
      JSON.stringify({ type: 'session_sync' }),
    ]) {
      const socket = await openSocket(peerOf(pair.p1));
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.send(text);
      expect(await closed).toBe(4429);
    }
    await stillSigns('after junk');
  });
});

test('R-5, R-6: a partner that says junk of every type in every round spoils neither a key generation nor a signature', async () => {
  const pair = await startPair(await makeStores(), { seams1: ['noisy'], seams2: ['noisy'] });
  const made = await pair.p1.keygen();
  expect(made).toMatchObject({ status: 'completed', error: null });
  await pair.p2.over(made.session_id);
  const signed = await pair.p2.sign(made.session_id, 'in spite of it');
  expect(signed).toMatchObject({ status: 'completed', error: null });
  expect(await pair.p1.over(signed.session_id)).toMatchObject({ status: 'completed' });
  for (const side of [pair.p1, pair.p2]) {
    expect((await side.keys())[0]).toMatchObject({ state: 'active', lock: null });
    expect(side.log.some((line) => line.includes('a message was ignored'))).toBe(true);
  }
  await pair.stop();
  removeStores(pair.directory);
});
