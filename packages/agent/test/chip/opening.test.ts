import { Chip } from '@quorate/holder';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecureElement } from '@quorate/secure-element';
import { expect, test } from 'vitest';
import { createAgent } from '../../src/createAgent.ts';
import { loadAgentConfig } from '../../src/config.ts';
import { pinFromConfig } from '../../src/providers.ts';
import { type Member, PIN, startCluster } from '../support/cluster.ts';

/** The chip, and how often it was closed. */
function counted(chip: SecureElement): { chip: SecureElement; closed: () => number } {
  let closed = 0;
  const close = chip.close.bind(chip);
  chip.close = () => {
    closed += 1;
    return close();
  };
  return { chip, closed: () => closed };
}

test('an agent that cannot start leaves neither its chip nor its directory open', async () => {
  const cluster = await startCluster(['alice', 'bob']);
  const alice = cluster.member('alice');
  await alice.agent.close();
  const { directory } = alice;
  writeFileSync(join(directory, 'policy.yaml'), 'keygen: perhaps\n');
  const bad = { ...loadAgentConfig(directory), approval: { policy: 'policy.yaml' } };
  const { chip, closed } = counted(await cluster.openChip(alice));
  const pin = async (): Promise<Uint8Array> => Uint8Array.from(PIN);
  const options = { directory, config: bad, chip, pin, token: async () => alice.token };
  await expect(createAgent(options)).rejects.toMatchObject({ code: 'policy/invalid' });
  expect(closed()).toBe(1);
  await cluster.start(alice);
});

/** The chip with some of its commands recorded. */
function watched(chip: SecureElement, change: Partial<SecureElement> = {}) {
  const calls: string[] = [];
  const element = new Proxy(chip, {
    get: (target, name) => {
      const value: unknown = Reflect.get(name in change ? change : target, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        calls.push(String(name));
        return Reflect.apply(value, target, given);
      };
    },
  });
  return { element, calls };
}

test('E-9: another chip than the pinned one is not given the PIN, and its counter is not kept', async () => {
  const cluster = await startCluster(['alice', 'bob']);
  const [alice, bob] = [cluster.member('alice'), cluster.member('bob')];
  await alice.agent.close();
  await bob.agent.close();
  const other = await cluster.openChip(bob);
  const key = Buffer.from(await other.publicKey()).toString('hex');
  // A token tells its counter after the PIN: an opening that asked for it would give the PIN.
  const silent = async () => ({ ...(await other.info()), stateCounter: null });
  const { element, calls } = watched(other, { info: silent });
  await expect(cluster.start(alice, { chip: element })).rejects.toMatchObject({
    code: 'roster/refused',
  });
  expect(calls).toContain('publicKey');
  expect(calls).not.toContain('verifyPin');
  const file = join(alice.directory, 'chips.json');
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').not.toContain(key);
  await cluster.start(alice);
});

test('Z-16: a wrong PIN is found when the agent starts, by one try, and before an older copy of the chip could catch up', async () => {
  const cluster = await startCluster(['alice', 'bob']);
  const alice = cluster.member('alice');
  await alice.agent.close();
  writeFileSync(join(alice.directory, 'pin'), '000000', { mode: 0o600 });
  const pin = pinFromConfig(alice.directory, loadAgentConfig(alice.directory));
  const start = async (): Promise<string[]> => {
    const { element, calls } = watched(await cluster.openChip(alice));
    const started = cluster.start(alice, { chip: element, pin });
    await expect(started).rejects.toMatchObject({ code: 'pin-wrong' });
    return calls;
  };
  const calls = await start();
  expect(calls.filter((name) => name === 'verifyPin')).toHaveLength(1);
  expect(calls.indexOf('info')).toBeLessThan(calls.indexOf('verifyPin'));
  expect(await start()).not.toContain('verifyPin');
  const chip = await cluster.openChip(alice);
  expect((await chip.info()).pinTriesLeft).toBe(2);
  await chip.close();
});

test('Z-16, E-1: an older copy of the chip does not catch up by the writes of the PIN that is tried at the start', async () => {
  const cluster = await startCluster(['alice', 'bob']);
  const alice = cluster.member('alice');
  await alice.agent.close();
  const yesterday = readFileSync(alice.chipFile);
  await cluster.start(alice);
  await alice.agent.close();
  writeFileSync(alice.chipFile, yesterday);
  await expect(cluster.start(alice)).rejects.toMatchObject({ code: 'chip/rolled-back' });
});

/** Starts an agent that takes its PIN from a file, over a chip that wants the PIN at once, as a token does. */
async function startsWithFile(
  cluster: Awaited<ReturnType<typeof startCluster>>,
  member: Member,
): Promise<{ error: unknown; calls: string[] }> {
  const chip = await cluster.openChip(member);
  let isOpen = false;
  const { element, calls } = watched(chip, {
    info: async () => ({ ...(await chip.info()), ...(isOpen ? {} : { stateCounter: null }) }),
    verifyPin: async (pin) => {
      await chip.verifyPin(pin);
      isOpen = true;
    },
  });
  const pin = pinFromConfig(member.directory, loadAgentConfig(member.directory));
  const error: unknown = await cluster.start(member, { chip: element, pin }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { error, calls };
}

test('E-6: a PIN file that the chip refused is not tried at the next starts, until it is changed; the last try is left', async () => {
  const cluster = await startCluster(['alice', 'bob']);
  const alice = cluster.member('alice');
  await alice.agent.close();
  const write = (pin: string): void =>
    writeFileSync(join(alice.directory, 'pin'), pin, { mode: 0o600 });
  const triesLeft = async (): Promise<unknown> => {
    const chip = await cluster.openChip(alice);
    const { pinTriesLeft } = await chip.info();
    await chip.close();
    return pinTriesLeft;
  };
  write('000000');
  const first = await startsWithFile(cluster, alice);
  expect(first.error).toMatchObject({ code: 'pin-wrong' });
  expect(first.calls).toContain('verifyPin');
  for (let start = 0; start < 3; start += 1) {
    const { error, calls } = await startsWithFile(cluster, alice);
    expect(error).toMatchObject({ message: expect.stringContaining('until it is changed') });
    expect(calls).not.toContain('verifyPin');
  }
  expect(await triesLeft()).toBe(2);
  write('0000001');
  await startsWithFile(cluster, alice);
  expect(await triesLeft()).toBe(1);
  write(PIN.toString());
  const last = await startsWithFile(cluster, alice);
  expect(last.error).toMatchObject({ code: 'last-try', unsent: true });
  expect(last.calls).not.toContain('verifyPin');
  const chip = await cluster.openChip(alice);
  await chip.verifyPin(PIN, { lastTry: true });
  await chip.close();
  expect((await startsWithFile(cluster, alice)).error).toBeNull();
});

test('a chip that hides its records before the PIN is asked for room after the PIN, also after a reset', async () => {
  const cluster = await startCluster(['alice', 'bob']);
  const alice = cluster.member('alice');
  await alice.agent.close();
  const element = await cluster.openChip(alice);
  let isOpen = false;
  const full = { capacity: 100, used: 100, stateCounter: 7 };
  const hidden = { ...full, used: 0, stateCounter: null };
  const { element: token, calls } = watched(element, {
    info: async () => ({ ...(await element.info()), ...(isOpen ? full : hidden) }),
    verifyPin: async (pin) => {
      await element.verifyPin(pin);
      isOpen = true;
    },
  });
  const chip = await Chip.open(token, async () => Uint8Array.from(PIN));
  isOpen = false;
  calls.length = 0;
  expect(await chip.hasRoom()).toBe(false);
  expect(calls).toContain('verifyPin');
  isOpen = false;
  expect((await chip.info()).used).toBe(100);
  await chip.close();
});

test('E-9: a chip that only copies the pinned key cannot raise the counter that is remembered of the genuine one', async () => {
  const cluster = await startCluster(['alice', 'bob']);
  const alice = cluster.member('alice');
  await alice.agent.close();
  const file = join(alice.directory, 'chips.json');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const element = await cluster.openChip(alice);
  const own = await element.info();
  const huge = async () => ({ ...own, stateCounter: 0xffffffff });
  const forged = watched(element, {
    info: huge,
    register: async () => Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1),
  });
  const start = cluster.start(alice, { chip: forged.element });
  await expect(start).rejects.toMatchObject({ code: 'wrong-chip' });
  expect(forged.calls).toContain('register');
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(before);
  await cluster.start(alice);
  await cluster.keygen('k2');
});
