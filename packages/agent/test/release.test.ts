import { fromHex, verifySignature } from '@quorate/intent';
import type { SecureElement } from '@quorate/secure-element';
import { expect, test } from 'vitest';
import { DATA, startCluster } from './support/cluster.ts';
import { failure } from './support/failure.ts';

const people = ['alice', 'bob', 'carl'];

test('E-1, O-16: a restored older state is noticed by the release count, and the key is dead until a refresh', async () => {
  const cluster = await startCluster(people);
  const address = await cluster.keygen('k1');
  await cluster.sign('s1', address, ['alice', 'bob']);
  const alice = cluster.member('alice');
  await alice.agent.close();
  const restore = cluster.backUp(alice);
  await cluster.start(alice);
  await cluster.sign('s2', address, ['alice', 'bob']);
  await cluster.sign('s3', address, ['alice', 'bob']);
  await alice.agent.close();
  restore();
  await cluster.start(alice);

  const first = await failure(cluster.sign('s4', address, ['alice', 'bob']));
  expect(first.message).toMatch(/state_rolled_back/);
  expect(alice.agent.state.keys.find(address)?.state).toBe('rolled_back');
  const rounds = cluster.proxy.of('round', 'alice').filter((one) => one['session_key'] === 's4');
  expect(rounds.filter((one) => one['from'] === 1)).toEqual([]);
  await cluster.restart(alice);
  const second = await failure(cluster.sign('s5', address, ['alice', 'bob']));
  expect(second.message).toMatch(/state_rolled_back/);
});

test('E-1: the expected count is on disk before the chip is asked, and a chip that refuses leaves it as it was', async () => {
  const cluster = await startCluster(people);
  const address = await cluster.keygen('k1');
  const alice = cluster.member('alice');
  const seen: (number | undefined)[] = [];
  await alice.agent.close();
  const chip = await cluster.openChip(alice);
  let broken = false;
  await cluster.start(alice, {
    chip: wrapped(chip, {
      read: (access) => {
        seen.push(alice.agent.state.keys.find(address)?.release_count);
        return chip.read(broken ? { ...access, digest: new Uint8Array(32) } : access);
      },
    }),
  });
  await cluster.sign('s1', address, ['alice', 'bob']);
  expect(seen).toEqual([1]);
  broken = true;
  const error = await failure(cluster.sign('s2', address, ['alice', 'bob']));
  expect(error.message).toMatch(/chip_refused/);
  expect(alice.agent.state.keys.find(address)?.release_count).toBe(1);
  broken = false;
  await cluster.sign('s3', address, ['alice', 'bob']);
  expect(seen).toEqual([1, 2, 2]);
});

test('E-10: a card that was pulled and put back gets a new challenge and the session completes', async () => {
  const cluster = await startCluster(people);
  const address = await cluster.keygen('k1');
  const alice = cluster.member('alice');
  await alice.agent.close();
  let current = await cluster.openChip(alice);
  let resets = 0;
  const chip = new Proxy(current, {
    get: (_, name) => {
      if (name === 'read' && resets === 0) {
        return async (access: Parameters<SecureElement['read']>[0]) => {
          resets += 1;
          await current.close();
          current = await cluster.openChip(alice);
          return current.read(access);
        };
      }
      const value: unknown = Reflect.get(current, name);
      return typeof value === 'function' ? value.bind(current) : value;
    },
  });
  await cluster.start(alice, { chip });
  const signature = await cluster.sign('s1', address, ['alice', 'bob']);
  expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
  expect(cluster.proxy.of('chip_challenge', 'alice')).toHaveLength(1);
  expect(cluster.proxy.of('sign_response', 'alice')).toHaveLength(1);
});

test('E-6: a PIN that was wrong once is not tried again', async () => {
  const cluster = await startCluster(people);
  const alice = cluster.member('alice');
  let asked = 0;
  await cluster.restart(alice, {
    pin: async () => {
      asked += 1;
      return Uint8Array.from(Buffer.from('000000'));
    },
  });
  for (const sessionKey of ['k1', 'k2', 'k3']) {
    const order = { session_key: sessionKey, threshold: 2, total_parts: 3, participants: people };
    const error = await failure(cluster.client.keygen(order));
    expect(error.message).toMatch(/pin-wrong/);
  }
  expect(asked).toBe(1);
  const chip = alice.agent;
  await chip.close();
  const opened = await cluster.openChip(alice);
  expect((await opened.info()).pinTriesLeft).toBe(2);
  await opened.close();
  await cluster.start(alice);
});

function wrapped(chip: SecureElement, change: Partial<SecureElement>): SecureElement {
  return new Proxy(chip, {
    get: (target, name) => {
      const value: unknown = Reflect.get(name in change ? change : target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
