// Public test primes of 3072 bits, sealed into the stores of two configurations: for one key, and two
// pairs to spare, as many as the programs keep ready, so that nobody waits for new ones: node stockPrimes.mjs ENTERPRISE.yaml MOBILE-APP.yaml
import { readFileSync } from 'node:fs';
import { importPrimes, loadCosignerConfig } from '@quorate/cosigner';

const file = new URL('../../../packages/tss/test/vectors/primes/3072.json', import.meta.url);
const { primes } = JSON.parse(readFileSync(file, 'utf8'));
const pair = (at) => [BigInt(primes[at]), BigInt(primes[at + 1])];
const [enterprise, mobile] = process.argv.slice(2).map(loadCosignerConfig);
await importPrimes(enterprise, [0, 2, 4, 6].map(pair));
await importPrimes(mobile, [8, 10, 12].map(pair));
