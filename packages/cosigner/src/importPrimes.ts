/** Imports primes made elsewhere into the sealed pool of a store whose server is stopped. */
import { silentLogger } from '@quorate/holder';
import { isPrimePair, type PrimePair } from '@quorate/tss';
import type { LoadedConfig } from './config.ts';
import { SetupError } from './errors.ts';
import { pathsOf } from './files.ts';
import { openStore } from './store/index.ts';
import { openStoreKey } from './storeKey.ts';
import { Vault } from './vault.ts';

/** @throws SetupError for a prime that comes twice, is in stock, or is in a key's modulus */
function checkUnused(
  primes: readonly bigint[],
  stock: readonly bigint[],
  moduli: readonly bigint[],
): void {
  const known = new Set(stock);
  for (const prime of primes) {
    if (known.has(prime) || moduli.some((modulus) => modulus % prime === 0n)) {
      throw new SetupError(
        'config/invalid',
        'a prime is given twice, in stock already or in a modulus of this store: nothing was imported',
      );
    }
    known.add(prime);
  }
}

/**
 * Seals pairs into the pool; refuses those that this store has, or had in a key.
 *
 * Security: a pair that was ever used elsewhere, or is known to anybody else, gives the key away.
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
      const { pool, seal } = await openStoreKey(vault, paths, silentLogger);
      checkUnused(pairs.flat(), pool.primes(bits), store.openKeys(seal).moduli());
      for (const pair of pairs) pool.add(bits, pair);
    } finally {
      await vault.close();
    }
  } finally {
    store.close();
  }
}
