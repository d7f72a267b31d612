/** The stores of two cosigners: made, stocked, rewritten as a server could, copied and removed. */
import { silentLogger } from '@quorate/holder';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationOf, type Side } from './configuration.ts';
import { fixturePairs } from '../../../../test/support/fixturePrimes.ts';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import {
  type LoadedConfig,
  importPrimes,
  initCosigner,
  loadCosignerConfig,
} from '../../src/index.ts';
import { pathsOf } from '../../src/files.ts';
import type { KeyRecord } from '../../src/store/keyRecords.ts';
import { openPermits } from '../../src/store/permits.ts';
import { openStoreKey } from '../../src/storeKey.ts';
import { Vault } from '../../src/vault.ts';

/** What a configuration has besides the defaults of the tests. */
export type Settings = Readonly<Record<string, unknown>>;

/** Writes the configuration of one side. */
export function writeConfig(directory: string, side: Side, settings: Settings = {}): LoadedConfig {
  const file = join(directory, `${side}.yaml`);
  const config = { ...configurationOf(side), ...settings };
  writeFileSync(file, JSON.stringify(config));
  return loadCosignerConfig(file);
}

/** A directory with both stores, and primes for one key. */
export async function makeStores(bits: 2048 | 3072 = 2048): Promise<string> {
  const directory = temporaryDirectory();
  const sides = (['enterprise', 'mobile-app'] as const).map((side) =>
    writeConfig(directory, side, { paillier_bits: bits }),
  );
  for (const side of sides) await initCosigner(side, { scryptCost: 1024 });
  await stockPrimes(directory, bits);
  return directory;
}

/**
 * Seals primes for one key, or one refresh, into both pools; for a key that has the first ones, `others`
 * gives new ones to P1 and the same to P2, `fresh` new ones to both.
 */
export async function stockPrimes(
  directory: string,
  bits: 2048 | 3072 = 2048,
  which: 'first' | 'others' | 'fresh' = 'first',
): Promise<void> {
  const [a, b, c, d, e, f] = fixturePairs(bits);
  const own = which === 'first' ? [a, b] : [d, e];
  const theirs = which === 'fresh' ? f : c;
  if (!own[0] || !own[1] || !theirs) throw new Error('too few fixture primes');
  await importPrimes(loadCosignerConfig(join(directory, 'enterprise.yaml')), [own[0], own[1]]);
  await importPrimes(loadCosignerConfig(join(directory, 'mobile-app.yaml')), [theirs]);
}

/** Replaces each key record of one side by others as its server could, which is stopped. */
export async function rewriteRecords(
  directory: string,
  side: Side,
  change: (record: KeyRecord) => readonly { readonly session_id: string }[],
): Promise<void> {
  const loaded = loadCosignerConfig(join(directory, `${side}.yaml`));
  const paths = pathsOf(loaded);
  const vault = await Vault.open(loaded, paths);
  try {
    const { seal } = await openStoreKey(vault, paths, silentLogger);
    const permits = openPermits(join(paths.inStore('keys'), 'permits'));
    for (const name of readdirSync(paths.inStore('keys')).filter((one) => one.endsWith('.json'))) {
      const file = join(paths.inStore('keys'), name);
      const before = JSON.parse(readFileSync(file, 'utf8')) as { record: KeyRecord };
      for (const record of change(before.record)) {
        const mac = seal.record(JSON.stringify(record));
        const changed = join(paths.inStore('keys'), `${record.session_id}.json`);
        writeFileSync(changed, JSON.stringify({ ...before, mac, record }));
        // What is locked, its record says.
        const { share } = before.record;
        if (side === 'enterprise') permits.grant({ ...record, share }, 'none');
      }
    }
  } finally {
    await vault.close();
  }
}

/** Lets the fixture primes serve again: forgets that they are in moduli already. */
export async function forgetModuli(
  directory: string,
  sides: readonly Side[] = ['enterprise', 'mobile-app'],
): Promise<void> {
  for (const side of sides) {
    await rewriteRecords(directory, side, ({ share, ...record }) => [
      { ...record, share: { ...share, moduli: [] } },
    ]);
    for (const file of ['moduli.log', 'moduli.end']) {
      rmSync(join(directory, side, 'keys', file), { force: true });
    }
  }
}

/** A copy of both stores. */
export function copyStores(directory: string): string {
  const copy = temporaryDirectory();
  // Without the locks of a process that has the original open.
  const filter = (path: string): boolean => !/(^|[/.])lock$/.test(path);
  cpSync(directory, copy, { recursive: true, filter });
  return copy;
}

/** Removes directories of stores. */
export function removeStores(...directories: string[]): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}
