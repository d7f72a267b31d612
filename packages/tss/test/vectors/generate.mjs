// Writes the frozen keyshares of the present version: node packages/tss/test/vectors/generate.mjs
// Run once when the format gets a new version; files of earlier versions are never written again.
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { keygen } from '@quorate/tss/dkls23';

const draw = (seed) => {
  let counter = 0;
  return (length) =>
    new Uint8Array(
      createHash('shake256', { outputLength: length }).update(`${seed}/${counter++}`).digest(),
    );
};

const parties = 3;
const sessionId = draw('frozen/session')(32);
const sessions = new Map(
  [1, 2, 3].map((index) => [
    index,
    keygen({ sessionId, threshold: 2, parties, index, rng: draw(`frozen/${index}`) }),
  ]),
);
const queue = [...sessions.values()].flatMap((session) => session.start());
for (let at = 0; at < queue.length; at++) {
  const message = queue[at];
  for (const [index, session] of sessions) {
    if (index === message.from || (message.to !== null && message.to !== index)) continue;
    queue.push(...session.receive(message).send);
  }
}
for (const [index, { outcome }] of sessions) {
  const file = new URL(`keyshare/v1-2-of-3-party-${index}.hex`, import.meta.url);
  if (existsSync(file)) throw new Error(`${file.pathname} is frozen`);
  const hex = Buffer.from(outcome.output.encode()).toString('hex');
  writeFileSync(file, `${hex.match(/.{1,128}/g).join('\n')}\n`);
}
