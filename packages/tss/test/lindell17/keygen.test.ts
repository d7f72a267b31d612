import { expect, test } from 'vitest';
import { InputError, SETUP_MESSAGES, twoPartyKeygen } from '../../src/index.ts';
import { outputs, simulate } from '../support/simulate.ts';
import {
  type Bits,
  both,
  keygenParameters,
  keygenSessions,
  primePair,
  primesFor,
  signSessions,
} from '../support/twoParty.ts';
import { MESSAGE_DIGEST, opensslVerifies, verifies } from './verify.ts';

test.each([2048, 3072] as const)(
  'two parties generate a key with %i-bit moduli and sign with it',
  (bits) => {
    const run = simulate(keygenSessions(bits));
    const [first, second] = both(outputs(run));
    expect(first.publicKey).toEqual(second.publicKey);
    expect(first.chainCode).toEqual(second.chainCode);
    expect(first.keyId).toEqual(keygenParameters('P1', bits).sessionId);
    expect([first.role, second.role, first.epoch, second.epoch]).toEqual(['P1', 'P2', 0, 0]);
    expect(first.fields.secretShare).not.toEqual(second.fields.secretShare);
    expect(second.fields.primes).toHaveLength(0);
    // P-13: both remember the moduli of both, P2's own one too, which no keyshare holds.
    expect(first.moduli).toEqual(productsOf(bits));
    expect(second.moduli).toEqual(first.moduli);
    const said = run.sent.map(({ round, from }) => `${round}/${from}`);
    const table = SETUP_MESSAGES.flatMap(({ round, from }) => from.map((one) => `${round}/${one}`));
    expect(said.toSorted()).toEqual(table.toSorted());
    const signing = { digest: MESSAGE_DIGEST };
    const [signature] = both(outputs(simulate(signSessions([first, second], signing))));
    expect(verifies(signature, first.publicKey, MESSAGE_DIGEST)).toBe(true);
    expect(opensslVerifies(signature, first.publicKey)).toBe(true);
  },
);

/** N, Ñ₁ and Ñ₂ of the fixture primes. */
function productsOf(bits: Bits): bigint[] {
  const { paillier, pedersen } = primesFor('P1', bits);
  const pairs = [paillier, pedersen, primesFor('P2', bits).pedersen];
  return pairs.map((pair) => (pair?.[0] ?? 0n) * (pair?.[1] ?? 0n));
}

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
