/** From the text of a request to the 32 bytes that are signed, and the words that a person approves. */
import {
  checkDigest,
  digestOf,
  fromHex,
  hashFramed,
  keccak256,
  parsePayload,
  sha256,
  toHex,
  utf8,
} from '@quorate/intent';
import type { MessageHash } from '@quorate/wire';

const LABEL = 'quorate/v1/cosigner/message';

/** A message with what it means. */
export interface SignableMessage {
  readonly text: string;
  readonly hash: MessageHash;
  /** 32 bytes */
  readonly digest: Uint8Array;
  /** 32 bytes: what the two sides' intents agree on besides the digest. */
  readonly payloadHash: Uint8Array;
}

/** Hashes a message as asked. @throws IntentError with hash `none` for a text that is no digest */
export function signable(text: string, hash: MessageHash): SignableMessage {
  const digest = digestBy(text, hash);
  const payloadHash = hashFramed(LABEL, utf8(hash), utf8(text));
  return { text, hash, digest, payloadHash };
}

function digestBy(text: string, hash: MessageHash): Uint8Array {
  switch (hash) {
    case 'eip191':
      return digestOf(parsePayload({ kind: 'eip191', message: text }));
    case 'keccak256':
      return keccak256(utf8(text));
    case 'sha256':
      return sha256(utf8(text));
    case 'none':
      return bareDigest(text);
    default:
      return hash satisfies never;
  }
}

function bareDigest(text: string): Uint8Array {
  const digest = fromHex(text.replace(/^0x/, ''), 32);
  checkDigest(digest);
  return digest;
}

/** `0x` and hex digits. */
export function hex0x(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`;
}
