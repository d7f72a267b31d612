import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, recoverAddress } from '@quorate/intent';
import { afterAll, describe, expect, test } from 'vitest';
import { startPair } from './support/pair.ts';
import { forgetModuli, makeStores, removeStores, stockPrimes } from './support/stores.ts';

const KEYS = 5;

describe('several keys of one pair', () => {
  const used: string[] = [];

  afterAll(() => removeStores(...used));

  test('50 signatures at once with five keys all verify, each under its key', async () => {
    const directory = await makeStores();
    used.push(directory);
    const addresses = new Map<string, string>();
    for (let made = 0; made < KEYS; made += 1) {
      if (made > 0) await stockPrimes(directory);
      const pair = await startPair(directory);
      const key = await pair.p1.keygen();
      expect(key.status).toBe('completed');
      addresses.set(key.session_id, key.address ?? '');
      await pair.p2.over(key.session_id);
      await pair.stop();
      await forgetModuli(directory);
    }
    const pair = await startPair(directory, { p1: { workers: 2 }, p2: { workers: 2 } });
    const keys = [...addresses.keys()];
    const signed = await Promise.all(
      Array.from({ length: 50 }, (_, at) => pair.p1.sign(keys[at % KEYS] ?? '', `message ${at}`)),
    );
    for (const { key_session_id: key, status, digest, signature } of signed) {
      expect(status).toBe('completed');
      const signer = recoverAddress(fromHex(digest ?? ''), fromHex(signature ?? ''));
      expect(signer).toBe(addresses.get(key ?? ''));
    }
    await pair.stop();
  }, 300_000);

  test('P-13: primes that are in a key already make no second one', async () => {
    const directory = await makeStores();
    used.push(directory);
    const twice = stockPrimes(directory); // in stock already
    await expect(twice).rejects.toMatchObject({ code: 'config/invalid' });
    const pools = ['enterprise', 'mobile-app'].map((side) => join(directory, side, 'primes'));
    for (const pool of pools) cpSync(pool, `${pool}.copy`, { recursive: true });
    const first = await startPair(directory);
    expect((await first.p1.keygen()).status).toBe('completed');
    await first.stop();
    const once = stockPrimes(directory); // in a key
    await expect(once).rejects.toMatchObject({ code: 'config/invalid' });
    for (const pool of pools) {
      expect(readdirSync(pool)).toEqual([]);
      cpSync(`${pool}.copy`, pool, { recursive: true });
    }
    const again = await startPair(directory);
    const copied = await again.p1.keygen();
    expect(copied.status).not.toBe('completed');
    expect(await again.p1.keys()).toHaveLength(1);
    await again.stop();
  });

  test('P-13: a modulus of P2 that came before is refused by P1, be P2 without its memory', async () => {
    const directory = await makeStores();
    used.push(directory);
    const first = await startPair(directory);
    expect((await first.p1.keygen()).status).toBe('completed');
    await first.stop();
    await forgetModuli(directory, ['mobile-app']);
    await stockPrimes(directory, 2048, 'others'); // new ones for P1, the same for P2
    const again = await startPair(directory);
    const repeated = await again.p1.keygen();
    expect(repeated).toMatchObject({ status: 'aborted', error: { code: 'aborted' } });
    expect(again.p1.log.join('\n')).toContain('parameters (known) of party 2');
    expect(await again.p1.keys()).toHaveLength(1);
    await again.stop();
  });
});
