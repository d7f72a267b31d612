/**
 * Expansion of many 16-byte blocks at once by TMMO: π(π(x) ⊕ i) ⊕ π(x) with π = AES-128 under a
 * public key derived from the session. docs/spec/ot.md, "Oracles".
 *
 * Source: Guo, Katz, Wang, Yu, "Efficient and Secure Multiparty Computation from Fixed-Key Block
 * Ciphers", IEEE S&P 2020: tweakable correlation robustness in the ideal-cipher model.
 */
import { backend } from '#backend';
import { hash } from '../transcript.ts';

/** Words of 32 bits in a block. */
export const BLOCK_WORDS = 4;

if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1) {
  throw new Error('a big-endian machine is not supported');
}

/** The words of fresh bytes, sharing memory when they are aligned. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  if (bytes.byteOffset % 4 !== 0) return copyWords(bytes);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** A copy of bytes as words; also of a Buffer, whose `slice` would share memory. */
export function copyWords(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(new Uint8Array(bytes).buffer);
}

/** The bytes of words, sharing memory. */
export function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** An oracle T: the permutation π whose public key is made of label and session. */
export type Oracle = (blocks: Uint8Array) => Uint8Array;

/** The oracle of one use in one session; it serves any number of expansions. */
export function oracleOf(label: string, sid: Uint8Array): Oracle {
  return backend.aes128(hash(label, sid).subarray(0, 16));
}

/**
 * Expands each block into `fanout` blocks. Block n has three words of `positions`; with the number of
 * the output block as the fourth they are the tweak i.
 */
export function expandBlocks(
  permute: Oracle,
  blocks: Uint32Array,
  positions: Uint32Array,
  fanout: number,
): Uint32Array {
  const inner = wordsOf(permute(bytesOf(blocks))); // π(x)
  const tweaked = new Uint32Array(inner.length * fanout);
  const count = inner.length / BLOCK_WORDS;
  for (let n = 0, to = 0; n < count; n++) {
    const word0 = (inner[4 * n] ?? 0) ^ (positions[3 * n] ?? 0);
    const word1 = (inner[4 * n + 1] ?? 0) ^ (positions[3 * n + 1] ?? 0);
    const word2 = (inner[4 * n + 2] ?? 0) ^ (positions[3 * n + 2] ?? 0);
    const word3 = inner[4 * n + 3] ?? 0;
    for (let part = 0; part < fanout; part++, to += 4) {
      tweaked[to] = word0;
      tweaked[to + 1] = word1;
      tweaked[to + 2] = word2;
      tweaked[to + 3] = word3 ^ part;
    }
  }
  const out = wordsOf(permute(bytesOf(tweaked))); // π(π(x) ⊕ i)
  for (let n = 0, to = 0; n < count; n++) {
    for (let part = 0; part < fanout; part++, to += 4) {
      for (let word = 0; word < 4; word++) {
        out[to + word] = (out[to + word] ?? 0) ^ (inner[4 * n + word] ?? 0);
      }
    }
  }
  inner.fill(0);
  tweaked.fill(0);
  return out;
}
