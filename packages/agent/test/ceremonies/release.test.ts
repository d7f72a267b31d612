import { copyFileSync } from 'node:fs';
import { fromHex, verifySignature } from '@quorate/intent';
import { type SecureElement, SecureElementError } from '@quorate/secure-element';
import { expect, test } from 'vitest';
import { changedChip, pulledAt } from '../support/changedChip.ts';
import { DATA, PIN, keyOnDisk, startCluster, startClusterWithKey } from '../support/cluster.ts';
import { failure } from '../support/failure.ts';

const people = ['alice', 'bob', 'carl'];

test('E-1, O-16: a restored older state is noticed by the release count, and the key signs no more here', async () => {
  const { cluster, address } = await startClusterWithKey(people);
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
  expect(alice.agent.state.keys.findByAddress(address)?.state).toBe('rolled_back');
  const rounds = cluster.proxy.of('round', 'alice').filter((one) => one['session_key'] === 's4');
  expect(rounds.filter((one) => one['from'] === 1)).toEqual([]);
  await cluster.restart(alice);
  const second = await failure(cluster.sign('s5', address, ['alice', 'bob']));
  expect(second.message).toMatch(/state_rolled_back/);
});

/** Reads alice's chip by `read`, and notes the releases that her agent had on disk then. */
async function withReader(
  read: (chip: SecureElement, access: ReadAccess, attempt: number) => ReturnType<Read>,
) {
  const { cluster, address } = await startClusterWithKey(people);
  const alice = cluster.member('alice');
  await alice.agent.close();
  const chip = await cluster.openChip(alice);
  const onDisk: unknown[] = [];
  await cluster.start(alice, {
    chip: changedChip(chip, {
      read: (access) => {
        onDisk.push(keyOnDisk(alice, address).releases);
        return read(chip, access, onDisk.length);
      },
    }),
  });
  const record = () => alice.agent.state.keys.findByAddress(address);
  return { cluster, address, alice, onDisk, record };
}

type Read = SecureElement['read'];
type ReadAccess = Parameters<Read>[0];

test('E-1: an attempt is on disk before the chip is asked, and one that the chip refuses before it counts is taken back', async () => {
  const wrongDigest = { digest: new Uint8Array(32) };
  const { cluster, address, onDisk, record } = await withReader((chip, access, attempt) =>
    chip.read(attempt === 2 ? { ...access, ...wrongDigest } : access),
  );
  await cluster.sign('s1', address, ['alice', 'bob']);
  expect(onDisk).toEqual([{ confirmed: 0, outstanding: 1 }]);
  const error = await failure(cluster.sign('s2', address, ['alice', 'bob']));
  expect(error.message).toMatch(/chip_refused/);
  expect(record()?.releases).toEqual({ confirmed: 1, outstanding: 0 });
  await cluster.sign('s3', address, ['alice', 'bob']);
  expect(record()?.releases).toEqual({ confirmed: 2, outstanding: 0 });
});

test('E-1: attempts without a known outcome may or may not have counted, and neither kills the key', async () => {
  const { cluster, address, record } = await withReader(async (chip, access, attempt) => {
    if (attempt === 1)
      throw new SecureElementError('memory-failure', 'torn', { statusWord: 0x6581 });
    if (attempt === 2)
      throw new SecureElementError('chip-failure', 'broken', { statusWord: 0x6f00 });
    const released = await chip.read(access);
    if (attempt === 3) throw new SecureElementError('closed', 'the answer was lost');
    return released;
  });
  for (const [at, sessionKey] of ['s1', 's2', 's3'].entries()) {
    await failure(cluster.sign(sessionKey, address, ['alice', 'bob']));
    expect(record()?.releases).toEqual({ confirmed: 0, outstanding: at + 1 });
  }
  await cluster.sign('s4', address, ['alice', 'bob']);
  expect(record()?.releases).toEqual({ confirmed: 2, outstanding: 0 });
});

test('Z-3: a chip that failed before it counted is asked again, and the session goes on', async () => {
  const { cluster, address, onDisk, record } = await withReader(async (chip, access, attempt) => {
    if (attempt < 3) throw new SecureElementError('chip-failure', 'in passing', { unsent: true });
    return chip.read(access);
  });
  await cluster.sign('s1', address, ['alice', 'bob']);
  expect(onDisk).toHaveLength(3);
  expect(record()?.releases).toEqual({ confirmed: 1, outstanding: 0 });
});

test('E-1: an attempt that was not sent does not count, and after eight of unknown outcome the chip is not asked again', async () => {
  const { cluster, address, onDisk, record } = await withReader(async (_, __, attempt) => {
    const unsent = attempt === 1;
    throw new SecureElementError('closed', 'the chip does not answer', { unsent });
  });
  const fails = async (sessionKey: string): Promise<string> =>
    (await failure(cluster.sign(sessionKey, address, ['alice', 'bob']))).message;
  await fails('s0');
  expect(record()?.releases).toEqual({ confirmed: 0, outstanding: 0 });
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    expect(await fails(`s${attempt}`)).toMatch(/chip_refused/);
  }
  expect(record()?.releases).toEqual({ confirmed: 0, outstanding: 8 });
  expect(await fails('s9')).toMatch(
    /state_rolled_back: 8 releases .*: this participant can no longer sign with this key/,
  );
  expect(onDisk).toHaveLength(9);
});

test('E-1: an authorisation that is no DER signature is refused before the attempt is counted', async () => {
  const { cluster, address, onDisk, record } = await withReader((chip, access) =>
    chip.read(access),
  );
  cluster.proxy.meddle = (message, _, username) =>
    message.type === 'sign_params' && username === 'alice'
      ? [{ ...message, signature: Buffer.alloc(70, 0x30).toString('base64') }]
      : [message];
  const error = await failure(cluster.sign('s1', address, ['alice', 'bob']));
  expect(error.message).toMatch(/chip_refused: the authorisation is not/);
  expect(onDisk).toEqual([]);
  expect(record()?.releases).toEqual({ confirmed: 0, outstanding: 0 });
});

test.each([
  ['more releases than attempts', 1],
  ['fewer releases than were confirmed', -1],
])('E-1, O-16: %s stop the key, and all its sessions', async (_, difference) => {
  const { cluster, address, record } = await withReader(async (chip, access, attempt) => {
    const released = await chip.read(access);
    if (attempt < 3) return released;
    return { ...released, releaseCount: released.releaseCount + difference };
  });
  await cluster.sign('s1', address, ['alice', 'bob']);
  cluster.proxy.meddle = (message, direction, username) =>
    message.type === 'round' && direction === 'to-agent' && username === 'alice' ? [] : [message];
  const running = failure(cluster.sign('s2', address, ['alice', 'carl']));
  await cluster.proxy.until(
    (message, who) =>
      message.type === 'round' && who === 'alice' && message['session_key'] === 's2',
  );
  const error = await failure(cluster.sign('s3', address, ['alice', 'bob']));
  expect(error.message).toMatch(/state_rolled_back/);
  expect((await running).message).toMatch(/state_rolled_back/);
  expect(record()?.state).toBe('rolled_back');
});

test('E-1: a chip file of yesterday is refused when the agent starts', async () => {
  const { cluster, address } = await startClusterWithKey(people);
  const alice = cluster.member('alice');
  await alice.agent.close();
  copyFileSync(alice.chipFile, `${alice.chipFile}.yesterday`);
  await cluster.start(alice);
  await cluster.sign('s1', address, ['alice', 'bob']);
  await alice.agent.close();
  copyFileSync(alice.chipFile, `${alice.chipFile}.today`);
  copyFileSync(`${alice.chipFile}.yesterday`, alice.chipFile);
  await expect(cluster.start(alice)).rejects.toMatchObject({ code: 'chip/rolled-back' });
  copyFileSync(`${alice.chipFile}.today`, alice.chipFile);
  await cluster.start(alice);
  await cluster.sign('s2', address, ['alice', 'bob']);
});

test('E-10: a card that was pulled and put back gets a new challenge and the session completes', async () => {
  const { cluster, address } = await startClusterWithKey(people);
  const alice = cluster.member('alice');
  await alice.agent.close();
  const chip = await pulledAt('read', () => cluster.openChip(alice));
  await cluster.start(alice, { chip });
  const signature = await cluster.sign('s1', address, ['alice', 'bob']);
  expect(verifySignature(fromHex(DATA), fromHex(signature), address)).toBe(true);
  expect(cluster.proxy.of('chip_challenge', 'alice')).toHaveLength(1);
  expect(cluster.proxy.of('sign_response', 'alice')).toHaveLength(1);
});

test('E-6: a PIN that was wrong once is not tried again', async () => {
  const cluster = await startCluster(people);
  const alice = cluster.member('alice');
  await alice.agent.close();
  let asked = 0;
  const pin = async (): Promise<Uint8Array> => {
    asked += 1;
    return Uint8Array.from(asked === 1 ? PIN : Buffer.from('000000'));
  };
  const chip = await pulledAt('signSession', () => cluster.openChip(alice));
  await cluster.start(alice, { chip, pin });
  for (const sessionKey of ['k1', 'k2', 'k3']) {
    const order = { session_key: sessionKey, threshold: 2, total_parts: 3, participants: people };
    const error = await failure(cluster.client.ask('keygen', order));
    expect(error.message).toMatch(/pin-wrong/);
  }
  expect(asked).toBe(2);
  await alice.agent.close();
  const opened = await cluster.openChip(alice);
  expect((await opened.info()).pinTriesLeft).toBe(2);
  await opened.close();
  await cluster.start(alice);
});
