import { randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { pathsOf } from '../src/files.ts';
import { loadCosignerConfig } from '../src/index.ts';
import { Vault } from '../src/vault.ts';
import { startPair } from './support/pair.ts';
import { makeStores, removeStores, rewriteRecords, stockPrimes } from './support/stores.ts';

// Real proofs and refreshes, on a machine that may have other work.
vi.setConfig({ testTimeout: 240_000 });

test('Z-8: a locked key is refreshed though the chip has no room for another key', async () => {
  const directory = await makeStores();
  const first = await startPair(directory);
  const { session_id: key } = await first.p1.keygen();
  await first.p2.over(key);
  await first.stop();
  await stockPrimes(directory, 2048, 'fresh');
  await rewriteRecords(directory, 'enterprise', (record) => [
    { ...record, lock: { state: 'refreshable', reopened: 0, session_id: key, at: 1 } },
  ]);
  for (const side of ['enterprise', 'mobile-app'] as const) {
    const loaded = loadCosignerConfig(`${directory}/${side}.yaml`);
    const vault = await Vault.open(loaded, pathsOf(loaded));
    for (let free = await vault.room(); free > 1; free -= 1) {
      const name = { recordId: randomBytes(32), address: randomBytes(20) };
      await vault.keep(name, randomBytes(32));
    }
    await vault.close();
  }
  const pair = await startPair(directory);
  const { p1 } = pair;
  const before = (await p1.request('/healthz').then((one) => one.json())) as { primes: number };
  expect(before.primes).toBe(2);
  const made = await p1.keygen();
  expect(made).toMatchObject({ status: 'aborted', error: { code: 'chip_full' } });
  expect(await p1.request('/healthz').then((one) => one.json())).toMatchObject({ primes: 2 });
  expect(await p1.refresh(key)).toMatchObject({ status: 'completed', error: null });
  expect((await p1.keys())[0]).toMatchObject({ state: 'active', openings_left: 2 });
  await pair.stop();
  removeStores(directory);
});

test('Z-8: retiring a key gives its record of the chip back, and the key stays so', async () => {
  const directory = await makeStores();
  const pair = await startPair(directory);
  const { p1, p2 } = pair;
  const { session_id: key, address } = await p1.keygen();
  await p2.over(key);
  const path = `/api/v1/keys/${key}/retire`;
  for (const [side, other] of [
    [p1, p2],
    [p2, p1],
  ] as const) {
    const answer = await side.request(path, { address });
    expect(await answer.json()).toMatchObject({ session_id: key, state: 'retired' });
    expect(
      side.log.some((line) => line.includes('key retired') && line.includes('"by":"test"')),
    ).toBe(true);
    const order = {
      session_id: key,
      message: 'x',
      partner: side.side === 'enterprise' ? 'mobile-app' : 'enterprise',
    };
    expect((await side.refused('/api/v1/sign/two-party', order)).code).toBe('key_retired');
    expect(other.side).not.toBe(side.side);
  }
  await pair.stop();
  const again = await startPair(directory);
  expect((await again.p1.keys())[0]).toMatchObject({ state: 'retired', address });
  expect((await again.p2.keys())[0]).toMatchObject({ state: 'retired', address });
  await again.stop();
  removeStores(directory);
});
