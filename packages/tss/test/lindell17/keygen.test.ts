import { expect, test } from 'vitest';
import { InputError } from '../../src/index.ts';
import { twoPartyKeygen } from '../../src/lindell17/index.ts';
import { keygenParameters, primePair } from '../support/twoParty.ts';
import { expectKeygen } from './expectKeygen.ts';

test('two parties generate a key with 2048-bit moduli and sign with it', () => {
  expectKeygen(2048);
});

const P1_PAIRS = { pedersen: primePair(2048, 0, 1), paillier: primePair(2048, 2, 3) };

test.each([
  ['another role', 'input/role', { role: 'P3' }],
  ['another size', 'input/bits', { bits: 1024 }],
  ['F-4: a session id of zeros', 'input/session-id', { sessionId: new Uint8Array(32) }],
  ['a short session id', 'input/session-id', { sessionId: new Uint8Array(31).fill(1) }],
  ['no Paillier primes at P1', 'input/primes', { primes: { pedersen: primePair(2048, 0, 1) } }],
  ['Paillier primes at P2', 'input/primes', { role: 'P2', primes: P1_PAIRS }],
  ['primes of the other size', 'input/primes', { bits: 3072 }],
  [
    'one prime twice',
    'input/primes',
    { primes: { pedersen: primePair(2048, 0, 1), paillier: primePair(2048, 0, 3) } },
  ],
  [
    'P-13: a prime of a key that exists',
    'input/primes',
    { knownModuli: [P1_PAIRS.pedersen[0] * primePair(2048, 6, 7)[0]] },
  ],
  [
    'primes that are not safe',
    'input/primes',
    { primes: { ...P1_PAIRS, pedersen: [P1_PAIRS.pedersen[0], P1_PAIRS.pedersen[1] + 2n] } },
  ],
])('key generation is refused for %s', (_, code, change) => {
  const parameters = { ...keygenParameters('P1'), ...change } as ReturnType<
    typeof keygenParameters
  >;
  const refusal = () => twoPartyKeygen(parameters);
  expect(refusal).toThrow(InputError);
  expect(refusal).toThrow(expect.objectContaining({ code }));
});
