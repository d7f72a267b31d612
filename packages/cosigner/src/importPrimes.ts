/** Puts primes that were made elsewhere into the sealed pool of a store whose server is stopped. */
import { silentLogger } from '@quorate/agent';
import { isPrimePair, type PrimePair } from '@quorate/tss';
import type { LoadedConfig } from './config.ts';
import { SetupError } from './errors.ts';
import { pathsOf } from './files.ts';
import { openStore } from './store/index.ts';
import { openStoreKey } from './storeKey.ts';
import { Vault } from './vault.ts';

/**
 * Seals pairs into the pool.
 *
 * Security: a pair that was ever used, or is known to anybody else, gives the key away.
 */
export async function importPrimes(
  loaded: LoadedConfig,
  pairs: readonly PrimePair[],
): Promise<void> {
  const { paillier_bits: bits } = loaded.config;
  if (!pairs.every((pair) => isPrimePair(pair, bits))) {
    throw new SetupError(
      'config/invalid',
      `two different safe primes of ${bits / 2} bits expected`,
    );
  }
  const paths = pathsOf(loaded);
  const store = openStore(loaded.config, paths);
  try {
    const vault = await Vault.open(loaded, paths);
    try {
      const { pool } = await openStoreKey(vault, paths, silentLogger);
      for (const pair of pairs) pool.add(bits, pair);
    } finally {
      await vault.close();
    }
  } finally {
    store.close();
  }
}
