// Key generation and signing, all parties in one thread, no network.
//
// keygen: rounds 1 to 5 with every check, echo and acknowledgement.
// sign: from serialised keyshares to a signature verified by every party, with session ids, echo
// hashes, and the signing, encryption and verification of every round. Nothing is kept between runs.
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { channels } from './channels.mjs';
import { load } from './product.mjs';

const { deriveSessionId } = await load('tss');
const { keygen, Keyshare, sign } = await load('tss/dkls23');

const TABLE = [
  [2, 2],
  [2, 3],
  [3, 5],
];

/** Runs sessions against one another through sealed rounds; returns outputs and plaintext bytes. */
export function run(sessions, channelOf) {
  let bytes = 0;
  const queue = [];
  const post = (from, messages) => {
    for (const message of messages) {
      const recipients = message.to === null ? [...sessions.keys()] : [message.to];
      const sealed = channelOf(from).seal(message);
      for (const to of recipients) {
        if (to === from) continue;
        bytes += message.body.length;
        queue.push({ to, sealed });
      }
    }
  };
  for (const [index, session] of sessions) post(index, session.start());
  for (let at = 0; at < queue.length; at++) {
    const { to, sealed } = queue[at];
    const message = channelOf(to).open(sealed);
    post(to, sessions.get(to).receive(message).send);
  }
  const results = [...sessions.values()].map(({ outcome }) => {
    if (outcome?.status !== 'completed') throw new Error(JSON.stringify(outcome));
    return outcome.output;
  });
  return { results, bytes };
}

export function ceremony(indices, keyId) {
  const { certificates, open } = channels(indices);
  const sid = deriveSessionId(keyId, certificates);
  return { sid, channelOf: open(sid) };
}

/** Generates a key; gives every party's keyshare. */
export function generate(threshold, parties) {
  const indices = Array.from({ length: parties }, (_, at) => at + 1);
  const { sid: sessionId, channelOf } = ceremony(indices, null);
  const sessions = new Map(
    indices.map((index) => [index, keygen({ sessionId, threshold, parties, index })]),
  );
  return run(sessions, channelOf);
}

/** Signs once, from serialised keyshares. */
export function signOnce(encoded, signers, digest) {
  const keyshares = signers.map((index) => Keyshare.decode(encoded[index - 1]));
  const { sid: sessionId, channelOf } = ceremony(signers, keyshares[0].keyId);
  const sessions = new Map(
    keyshares.map((keyshare) => [
      keyshare.index,
      sign({ sessionId, keyshare, signers, digest, bans: [] }),
    ]),
  );
  return run(sessions, channelOf);
}

export function measure(name, runs, warmup, work) {
  const times = [];
  let bytes = 0;
  for (let at = 0; at < warmup + runs; at++) {
    const start = performance.now();
    ({ bytes } = work());
    if (at >= warmup) times.push(performance.now() - start);
  }
  times.sort((left, right) => left - right);
  const round = (value) => Math.round(value * 100) / 100;
  const middle = times.length >> 1;
  const median = times.length % 2 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
  return {
    name,
    median_ms: round(median),
    min_ms: round(times[0]),
    max_ms: round(times.at(-1)),
    runs,
    bytes,
  };
}

/** Yields one measurement after another. `quick` makes fewer runs. */
export function* dkls23({ quick = false } = {}) {
  for (const [threshold, parties] of TABLE) {
    const name = `${threshold}-of-${parties}`;
    let made;
    yield measure(`dkls23/keygen/${name}`, quick ? 2 : 7, quick ? 0 : 2, () => {
      made = generate(threshold, parties);
      return made;
    });
    const encoded = made.results.map((share) => share.encode());
    const signers = Array.from({ length: threshold }, (_, at) => at + 1);
    yield measure(`dkls23/sign/${name}`, quick ? 3 : 25, quick ? 1 : 5, () =>
      signOnce(encoded, signers, new Uint8Array(randomBytes(32))),
    );
  }
}
