// The agents' work around the rounds: ephemeral keys bound into certificates, signatures and encryption.
// The chip's own signature over a certificate is left out: it is made once a session, by a chip.
import { createHash, randomBytes } from 'node:crypto';
import { load } from './product.mjs';

const { createChannel, createEphemeralKeys } = await load('holder', 'agent');

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

/** Certificates and, once the session id is known, the channels of those parties. */
export function channels(indices) {
  const keys = new Map(indices.map((index) => [index, createEphemeralKeys()]));
  const certificates = indices.map((index) => {
    const { x25519, ed25519 } = keys.get(index);
    return new Uint8Array(Buffer.concat([sha256(randomBytes(32)), x25519, ed25519]));
  });
  const open = (sid) => {
    const peersOf = (own) =>
      indices
        .filter((index) => index !== own)
        .map((index) => ({
          index,
          x25519: keys.get(index).x25519,
          ed25519: keys.get(index).ed25519,
        }));
    const made = new Map(
      indices.map((index) => [
        index,
        createChannel({ sid, index, keys: keys.get(index), peers: peersOf(index) }),
      ]),
    );
    return (index) => made.get(index);
  };
  return { certificates, open };
}
