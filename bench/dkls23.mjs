// Key generation and signing, all parties in one thread, no network.
//
// keygen: rounds 1 to 5 with every check, echo and acknowledgement.
// sign: from serialised keyshares to a signature verified by every party, with session ids, echo
// hashes, and the signing, encryption and verification of every round. Nothing is kept between runs.
import { randomBytes } from 'node:crypto';
import { channels } from './channels.mjs';
import { measure } from './measure.mjs';
import { load } from './product.mjs';

const { deriveSessionId } = await load('tss');
const { keygen, Keyshare, sign } = await load('tss/dkls23');

const TABLE = [
  [2, 2],
  [2, 3],
  [3, 5],
];

/** Every second holder and one more signs. */
const GROWTH = [
  [2, 3],
  [3, 5],
  [5, 9],
  [9, 16],
  [17, 32],
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

/** A threshold's key generation and signature, all parties together. */
async function* ofThreshold([threshold, parties], label, { runs, windows }) {
  const name = `${threshold}-of-${parties}`;
  let made;
  const generation = () => {
    made = generate(threshold, parties);
    return made;
  };
  yield await measure(`dkls23/keygen/${label}${name}`, generation, {
    runs: runs.keygen,
    windows: windows.keygen,
  });
  const encoded = made.results.map((share) => share.encode());
  const signers = Array.from({ length: threshold }, (_, at) => at + 1);
  const signature = () => signOnce(encoded, signers, new Uint8Array(randomBytes(32)));
  yield await measure(`dkls23/sign/${label}${name}`, signature, {
    runs: runs.sign,
    windows: windows.sign,
  });
}

/** Yields one measurement after another. `quick` makes fewer runs. */
export async function* dkls23({ quick = false } = {}) {
  const runs = quick ? { keygen: 2, sign: 3 } : { keygen: 7, sign: 25 };
  const windows = quick ? { keygen: 1, sign: 1 } : {};
  for (const shape of TABLE) yield* ofThreshold(shape, '', { runs, windows });
}

/** Growth with the number of parties: CPU time and bytes of one of them, which is a part of all. */
export async function* growth({ quick = false } = {}) {
  for (const shape of quick ? GROWTH.slice(0, 2) : GROWTH) {
    const [threshold, parties] = shape;
    // The smaller rows have warmed what the larger ones use.
    const isLarge = parties > 9;
    const runs = isLarge ? { keygen: 1, sign: 3 } : { keygen: 2, sign: 5 };
    const windows = { keygen: isLarge ? 0 : 1, sign: 1 };
    const lines = ofThreshold(shape, 'growth/', { runs, windows });
    for (let of = parties, at = await lines.next(); !at.done; of = threshold) {
      const { cpu_ms, bytes } = at.value;
      const each = { cpu_ms_party: Math.round((cpu_ms / of) * 10) / 10 };
      yield { ...at.value, ...each, bytes_party: Math.round(bytes / of) };
      at = await lines.next();
    }
  }
}
