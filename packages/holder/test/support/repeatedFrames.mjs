/**
 * What a participant keeps of authentic pairwise frames that it does not need: one that a relay repeats, or ones that
 * its sender made for rounds that the protocol does not have.
 * node --expose-gc repeatedFrames.mjs <packages> repeated|strange <count> prints {ignored, kept, rss}, the last in bytes.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

const [, , packages, kind, count] = process.argv;
const { PartySession, prepare } = await import(
  join(packages, 'holder', 'dist', 'protocol', 'partySession.js')
);
const { createChannel } = await import(join(packages, 'holder', 'dist', 'channel', 'channel.js'));
const { keygen } = await import(join(packages, 'tss', 'dist', 'dkls23', 'index.js'));

const sid = new Uint8Array(randomBytes(32));
const parties = [1, 2, 3];
const made = parties.map(() => prepare());
const [receiver, sender, third] = parties.map((index) => {
  const peers = parties
    .filter((other) => other !== index)
    .map((other) => ({ ...made[other - 1].keys, index: other }));
  const session = keygen({ sessionId: sid, threshold: 2, parties: 3, index });
  return new PartySession(session, { sid, index, keys: made[index - 1].keys, peers });
});
const first = receiver.start();
const ofSender = sender.start();
const answers = [...first, ...third.start()].flatMap((frame) => sender.receive(frame).frames ?? []);
const repeated = answers.find((frame) => frame.to === 1);
for (const frame of ofSender) receiver.receive(frame);

async function memory() {
  for (let turn = 0; turn < 5; turn += 1) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, rss };
}

const peers = [{ ...made[0].keys, index: 1 }];
const channel = createChannel({ sid, index: 2, keys: made[1].keys, peers });
function strange(round) {
  const sealed = channel.seal({ round, from: 2, to: 1, body: randomBytes(8192) });
  const text = (bytes) => Buffer.from(bytes).toString('base64');
  const { body, signature } = sealed;
  return { round, from: 2, to: 1, body: text(body), signature: text(signature) };
}

const frames = Array.from({ length: Number(count) }, (_, at) =>
  kind === 'strange' ? strange(100 + at) : repeated,
);
const before = await memory();
const ignored = {};
for (const frame of frames) {
  const reason = String(receiver.receive(frame).ignored);
  ignored[reason] = (ignored[reason] ?? 0) + 1;
}
const after = await memory();
console.log(
  JSON.stringify({ ignored, kept: after.used - before.used, rss: after.rss - before.rss }),
);
receiver.close();
channel.close();
