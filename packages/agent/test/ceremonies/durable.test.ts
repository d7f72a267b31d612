// Every step of a participant waits for its own flush. A flush that does not end shows whether it does.
import { join } from 'node:path';
import { fromHex, verifySignature } from '@quorate/intent';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { changedChip } from '../support/changedChip.ts';
import { type Cluster, DATA, startClusterWithKey } from '../support/cluster.ts';
import { countFlushes, type HeldFlushes, holdFlushes, useHeldDisk } from '../support/heldDisk.ts';
import type { Frame } from '../support/relay.ts';
import { eventually } from '../../../../test/support/eventually.ts';

useHeldDisk();

const people = ['alice', 'bob', 'carl'];

const journal = (): string => join(cluster.member('alice').directory, 'state.journal');

/** Holds alice's flushes as soon as such a message reaches her; resolves with them. */
function holdAt(fits: (message: Frame) => boolean): Promise<HeldFlushes> {
  return new Promise((resolve) => {
    let isHeld = false;
    cluster.proxy.meddle = (message, direction, username) => {
      if (!isHeld && direction === 'to-agent' && username === 'alice' && fits(message)) {
        isHeld = true;
        resolve(holdFlushes(journal()));
      }
      return [message];
    };
  });
}

let cluster: Cluster;
let address: string;
/** The commands that alice's chip was given since the last look. */
const commands: string[] = [];

beforeAll(async () => {
  ({ cluster, address } = await startClusterWithKey(people, {}, afterAll));
  const alice = cluster.member('alice');
  await alice.agent.close();
  const chip = await cluster.openChip(alice);
  await cluster.start(alice, {
    chip: changedChip(chip, {
      read: (access) => {
        commands.push('read');
        return chip.read(access);
      },
      signSession: (payload) => {
        commands.push('signSession');
        return chip.signSession(payload);
      },
    }),
  });
});

beforeEach(() => void commands.splice(0));

/** The types of alice's messages in a session. */
const saidIn = (sessionKey: string): string[] =>
  cluster.proxy.seen
    .filter(({ username, direction }) => username === 'alice' && direction === 'to-server')
    .filter(({ message }) => message['session_key'] === sessionKey)
    .map(({ message }) => message.type);

const isGood = (signature: string, address: string): boolean =>
  verifySignature(fromHex(DATA), fromHex(signature), address);

test('R-14: the chip signs no certificate before the session key and the record are on disk', async () => {
  const flushes = holdAt(({ type }) => type === 'sign_invite');
  const signed = cluster.sign('s1', address, ['alice', 'bob']);
  const held = await flushes;
  await held.reached();
  expect(commands).toEqual([]);
  expect(saidIn('s1')).toEqual([]);
  held.letGo();
  expect(isGood(await signed, address)).toBe(true);
});

test('E-1: the chip is not asked for the opener before the attempt is on disk', async () => {
  const flushes = holdAt(({ type }) => type === 'sign_params');
  const signed = cluster.sign('s2', address, ['alice', 'bob']);
  const held = await flushes;
  await held.reached();
  expect(commands).toEqual(['signSession']);
  held.letGo();
  expect(isGood(await signed, address)).toBe(true);
  expect(commands).toEqual(['signSession', 'read']);
});

test('N-12: no protocol runs before it is on disk that it does', async () => {
  const flushes = holdAt(({ type }) => type === 'keygen_params');
  const made = cluster.keygen('k2');
  const held = await flushes;
  await held.reached();
  expect(saidIn('k2')).toEqual(['keygen_response']);
  held.letGo();
  await made;
});

test('no result is told before it is on disk', async () => {
  const flushes = holdAt(({ type, round }) => type === 'round' && round === 3);
  const signed = cluster.sign('s3', address, ['alice', 'bob']);
  const held = await flushes;
  await held.reached();
  expect(saidIn('s3')).not.toContain('sign_result');
  held.letGo();
  expect(isGood(await signed, address)).toBe(true);
  await eventually(() => saidIn('s3').includes('sign_result'));
});

test('a participation costs an agent three flushes of its journal, and a fourth if nothing follows', async () => {
  const count = countFlushes(journal());
  await cluster.sign('s4', address, ['alice', 'bob']);
  await eventually(() => cluster.member('alice').agent.sessions.length === 0);
  expect(count()).toBeGreaterThanOrEqual(3);
  expect(count()).toBeLessThanOrEqual(4);
});
