import { expect } from 'vitest';
import { SETUP_MESSAGES } from '../../src/lindell17/index.ts';
import { outputs, simulate } from '../support/simulate.ts';
import {
  type Bits,
  both,
  keygenParameters,
  keygenSessions,
  primesFor,
  signSessions,
} from '../support/twoParty.ts';
import { MESSAGE_DIGEST, opensslVerifies, verifies } from './verify.ts';

/** Has two parties generate a key with moduli of that size, and sign with it. */
export function expectKeygen(bits: Bits): void {
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
}

/** N, Ñ₁ and Ñ₂ of the fixture primes. */
function productsOf(bits: Bits): bigint[] {
  const { paillier, pedersen } = primesFor('P1', bits);
  const pairs = [paillier, pedersen, primesFor('P2', bits).pedersen];
  return pairs.map((pair) => (pair?.[0] ?? 0n) * (pair?.[1] ?? 0n));
}
