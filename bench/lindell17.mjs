// Two-party key generation and signing, both parties in one thread, no network.
//
// keygen: from ready primes, with every proof, both ways. sign: from serialised keyshares to a signature
// verified by both, with the session id, every proof, and the signing, encryption and verification of every
// round; nothing is made ahead and nothing is kept between runs but what the backend keeps of a modulus.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ceremony, run } from './dkls23.mjs';
import { measure } from './measure.mjs';
import { load } from './product.mjs';

const { NO_LOCK, twoPartyKeygen, TwoPartyKeyshare, twoPartySign } = await load('tss/lindell17');

/** Public safe primes of the tests; making them is not what is measured. */
export function readyPrimes(bits) {
  const file = new URL(`../packages/tss/test/vectors/primes/${bits}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).primes.map((prime) => BigInt(prime));
}

/** Generates a key; gives both keyshares. */
export function generate(bits) {
  const [a, b, c, d, e, f] = readyPrimes(bits);
  const { sid: sessionId, channelOf } = ceremony([1, 2], null);
  const of = (role, primes) => twoPartyKeygen({ role, bits, sessionId, primes });
  const sessions = new Map([
    [1, of('P1', { pedersen: [a, b], paillier: [c, d] })],
    [2, of('P2', { pedersen: [e, f] })],
  ]);
  return run(sessions, channelOf);
}

/** Signs once, from serialised keyshares. */
export function signOnce(encoded, digest) {
  const keyshares = encoded.map((bytes) => TwoPartyKeyshare.decode(bytes));
  const { sid: sessionId, channelOf } = ceremony([1, 2], keyshares[0].keyId);
  const sessions = new Map(
    keyshares.map((keyshare) => [
      keyshare.index,
      twoPartySign({ sessionId, keyshare, lock: NO_LOCK, digest }),
    ]),
  );
  return run(sessions, channelOf);
}

/** Yields one measurement after another. `quick` makes fewer runs. */
export async function* lindell17({ quick = false } = {}) {
  const windows = quick ? 1 : undefined;
  for (const bits of [2048, 3072]) {
    let made;
    const generation = () => {
      made = generate(bits);
      return made;
    };
    const runs = quick ? { keygen: 1, sign: 3 } : { keygen: 5, sign: 25 };
    yield await measure(`lindell17/keygen/${bits}`, generation, { runs: runs.keygen, windows });
    const encoded = made.results.map((share) => share.encode());
    const signature = () => signOnce(encoded, new Uint8Array(randomBytes(32)));
    yield await measure(`lindell17/sign/${bits}`, signature, { runs: runs.sign, windows });
  }
}
