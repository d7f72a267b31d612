import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { pathsOf } from '../src/files.ts';
import { initCosigner } from '../src/index.ts';
import { Vault } from '../src/vault.ts';
import { removeStores, writeConfig } from './support/stores.ts';

/** More sessions, and more challenges, than a chip remembers (docs/spec/chip.md §2). */
const MANY = 33;

test('R-8: a release is given, however many others and certificates are asked for at once', async () => {
  const directory = temporaryDirectory();
  const loaded = writeConfig(directory, 'enterprise');
  await initCosigner(loaded, { scryptCost: 1024 });
  const vault = await Vault.open(loaded, pathsOf(loaded));
  onTestFinished(async () => {
    await vault.close();
    removeStores(directory);
  });
  const name = { recordId: randomBytes(32), address: randomBytes(20) };
  const opener = randomBytes(32);
  await vault.keep(name, opener);
  const given = await Promise.all(
    Array.from({ length: MANY }, async () => {
      const [released] = await Promise.all([vault.release(name), vault.certify(randomBytes(171))]);
      return released;
    }),
  );
  expect(given.map(({ releaseCount }) => releaseCount)).toEqual(given.map((_, at) => at + 1));
  for (const { secret } of given) expect(Buffer.from(secret).equals(opener)).toBe(true);
});
