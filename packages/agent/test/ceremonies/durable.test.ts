// Every step of a participant waits for its own flush. A flush that does not end shows whether it does.
import { join } from 'node:path';
import { fromHex, verifySignature } from '@quorate/intent';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
let asked = 0;

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

/** The types of alice's messages in a session. */
const saidIn = (sessionKey: string): string[] =>
  cluster.proxy.seen
    .filter(({ username, direction }) => username === 'alice' && direction === 'to-server')
    .filter(({ message }) => message['session_key'] === sessionKey)
    .map(({ message }) => message.type);

/**
 * Holds the flushes that follow such a message, in sessions that `ask` asks for, and gives what `look` sees then. An
 * acknowledgement may flush on the main thread meanwhile; then another session is asked for.
 */
async function seenWhileHeld<T>(
  fits: (message: Frame) => boolean,
  ask: (sessionKey: string) => Promise<unknown>,
  look: (sessionKey: string) => T,
): Promise<T> {
  for (;;) {
    asked += 1;
    const sessionKey = `held-${asked}`;
    commands.splice(0);
    const flushes = holdAt(fits);
    const done = ask(sessionKey);
    const held = await flushes;
    await held.reached();
    const seen = look(sessionKey);
    const isOvertaken = held.letGo();
    await done;
    if (!isOvertaken) return seen;
  }
}

const sign = async (sessionKey: string): Promise<void> => {
  const signature = await cluster.sign(sessionKey, address, ['alice', 'bob']);
  expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
  await eventually(() => saidIn(sessionKey).includes('sign_result'));
};

test('R-14: the chip signs no certificate before the session key and the record are on disk', async () => {
  const look = (sessionKey: string) => [[...commands], saidIn(sessionKey)];
  const seen = await seenWhileHeld(({ type }) => type === 'sign_invite', sign, look);
  expect(seen).toEqual([[], []]);
});

test('E-1: the chip is not asked for the opener before the attempt is on disk', async () => {
  const look = (): string[] => [...commands];
  const seen = await seenWhileHeld(({ type }) => type === 'sign_params', sign, look);
  expect(seen).toEqual(['signSession']);
  expect(commands).toEqual(['signSession', 'read']);
});

test('N-12: no protocol runs before it is on disk that it does', async () => {
  const keygen = (sessionKey: string): Promise<string> => cluster.keygen(sessionKey);
  const seen = await seenWhileHeld(({ type }) => type === 'keygen_params', keygen, saidIn);
  expect(seen).toEqual(['keygen_response']);
});

test('no result is told before it is on disk', async () => {
  const isLast = ({ type, round }: Frame): boolean => type === 'round' && round === 3;
  expect(await seenWhileHeld(isLast, sign, saidIn)).not.toContain('sign_result');
});

test('a participation costs an agent three flushes of its journal, beside those that time brings', async () => {
  const count = countFlushes(journal());
  const began = performance.now();
  await sign('counted');
  const flushes = count();
  const seconds = Math.ceil((performance.now() - began) / 1000);
  expect(flushes).toBeGreaterThanOrEqual(3);
  // Something noted, and an acknowledgement, flush at most once a second each.
  expect(flushes).toBeLessThanOrEqual(3 + 2 * seconds);
});
