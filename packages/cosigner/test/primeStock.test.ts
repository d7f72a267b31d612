import { type Logger, silentLogger } from '@quorate/holder';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixturePairs } from '../../../test/support/fixturePrimes.ts';
import { temporaryDirectory } from '../../../test/support/temporaryDirectory.ts';
import { PrimeStock } from '../src/primeStock.ts';
import { openPrimePool } from '../src/store/primePool.ts';

const KEY = new Uint8Array(32);
const never = new AbortController().signal;

/** A stock of the first pairs of the fixture, and what it logs. */
function stockOf(pairs: number) {
  const directory = temporaryDirectory();
  const pool = openPrimePool(directory, KEY);
  const added = fixturePairs(2048).slice(0, pairs);
  for (const pair of added) pool.add(2048, pair);
  const errors: string[] = [];
  const error = (fields: object, text: string): void =>
    void errors.push(JSON.stringify([text, fields]));
  const logger = { ...silentLogger, error } as unknown as Logger;
  const stock = new PrimeStock(pool, 2048, 0, logger);
  return { directory, stock, errors, added };
}

test.each([
  [
    'that was altered',
    (file: string) => {
      const sealed = readFileSync(file);
      sealed[20] = (sealed[20] ?? 0) ^ 1;
      writeFileSync(file, sealed);
    },
  ],
  ['that is cut short', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 40))],
  ['that is empty', (file: string) => writeFileSync(file, '')],
])('P-13: a file of primes %s is an error for who waits, and is met once', async (_, damage) => {
  const { directory, stock, errors } = stockOf(2);
  const [first = ''] = readdirSync(directory);
  damage(join(directory, first));
  await expect(stock.take(1, never)).rejects.toThrow('cannot be opened');
  expect(readdirSync(directory)).toContain(`${first}.damaged`);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain('primes cannot be taken');
  expect(stock.count).toBe(1);
  expect(await stock.take(1, never)).toHaveLength(1);
});

test('P-13: a folder in the place of a file of primes is an error for who waits, and is met once', async () => {
  const { directory, stock } = stockOf(0);
  mkdirSync(join(directory, '2048-0000000000000000.sealed'));
  await expect(stock.take(1, never)).rejects.toThrow(/EISDIR/);
  expect(stock.count).toBe(0);
});

test('P-13: primes that were taken out with damaged ones go back, and none is lost', async () => {
  const { directory, stock, added } = stockOf(2);
  const last = readdirSync(directory).at(-1) ?? '';
  writeFileSync(join(directory, last), '');
  await expect(stock.take(2, never)).rejects.toThrow('cannot be opened');
  const [left] = await stock.take(1, never);
  expect(added).toContainEqual(left);
});

test('a stock that is closed gives nothing', async () => {
  const { stock } = stockOf(1);
  stock.close();
  await expect(stock.take(1, never)).rejects.toThrow('the server is stopping');
  expect(stock.count).toBe(1);
});
