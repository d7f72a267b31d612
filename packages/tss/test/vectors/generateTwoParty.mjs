// Writes the frozen two-party keyshares of the present version: node packages/tss/test/vectors/generateTwoParty.mjs
// Run once when the format gets a new version; files of earlier versions are never written again.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { twoPartyKeygen } from '@quorate/tss/lindell17';

const draw = (seed) => {
  let counter = 0;
  return (length) =>
    new Uint8Array(
      createHash('shake256', { outputLength: length }).update(`${seed}/${counter++}`).digest(),
    );
};

for (const bits of [2048, 3072]) {
  const text = readFileSync(new URL(`primes/${bits}.json`, import.meta.url), 'utf8');
  const primes = JSON.parse(text).primes.map((prime) => BigInt(prime));
  const sessionId = draw(`frozen/two-party/${bits}`)(32);
  const party = (role, brought) =>
    twoPartyKeygen({
      role,
      bits,
      sessionId,
      primes: brought,
      rng: draw(`frozen/two-party/${bits}/${role}`),
    });
  const [a, b, c, d, e, f] = primes;
  const sessions = new Map([
    [1, party('P1', { pedersen: [a, b], paillier: [c, d] })],
    [2, party('P2', { pedersen: [e, f] })],
  ]);
  const queue = [...sessions.values()].flatMap((session) => session.start());
  for (let at = 0; at < queue.length; at++) {
    queue.push(...sessions.get(queue[at].to).receive(queue[at]).send);
  }
  for (const [index, { outcome }] of sessions) {
    const file = new URL(`keyshare/v1-two-party-${bits}-p${index}.hex`, import.meta.url);
    if (existsSync(file)) throw new Error(`${file.pathname} is frozen`);
    const hex = Buffer.from(outcome.output.encode()).toString('hex');
    writeFileSync(file, `${hex.match(/.{1,128}/g).join('\n')}\n`);
  }
}
