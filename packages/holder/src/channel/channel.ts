/**
 * Protects rounds end to end (docs/spec/channel.md §2, §3): the sender's ephemeral key signs every message over its
 * plaintext, and a message for one receiver is encrypted to it.
 *
 * Security: a channel serves one session. Its keys are made for it, certified for it, and bound to its id.
 */
import {
  createCipheriv,
  createDecipheriv,
  diffieHellman,
  hash,
  hkdfSync,
  type KeyObject,
  randomFillSync,
  sign,
  verify,
} from 'node:crypto';
import { framed, roundSigningInput, u16 } from '@quorate/intent';
import { HolderError } from '../errors.ts';
import { type EphemeralKeys, publicKey } from './keys.ts';

const CHANNEL_LABEL = 'quorate/v1/channel';
const PREFIX_LENGTH = 32;
const TAG_LENGTH = 16;
const SIGNATURE_LENGTH = 64;
const MAX_ROUND = 0xffff;

/** A peer's certified ephemeral keys. */
export interface ChannelPeer {
  readonly index: number;
  /** 32 bytes */
  readonly x25519: Uint8Array;
  /** 32 bytes */
  readonly ed25519: Uint8Array;
}

/** A message in clear, as the protocol knows it. */
interface PlainMessage {
  readonly round: number;
  readonly from: number;
  /** null: everyone */
  readonly to: number | null;
  readonly body: Uint8Array;
}

/** A message as it travels. */
export interface SealedMessage {
  readonly round: number;
  readonly from: number;
  readonly to: number | null;
  readonly body: Uint8Array;
  /** 64 bytes */
  readonly signature: Uint8Array;
}

/** An opened message with the bytes that its signature covers; evidence consists of these. */
export interface OpenedMessage extends PlainMessage {
  /** Exactly the bytes that the sender signed a hash of. */
  readonly plaintext: Uint8Array;
  readonly signature: Uint8Array;
}

/** Why a message was ignored. */
type IgnoreReason =
  | 'unknown-sender'
  | 'wrong-recipient'
  | 'malformed'
  | 'decryption-failed'
  | 'bad-signature';

/** Options of a channel. */
export interface ChannelOptions {
  /** 32 bytes */
  readonly sid: Uint8Array;
  /** This party's index. */
  readonly index: number;
  readonly keys: EphemeralKeys;
  readonly peers: readonly ChannelPeer[];
}

/** One party's protection of one session. */
export interface Channel {
  /** Signs, and encrypts when `to` names a party; the same message again gives the same bytes. */
  seal(message: PlainMessage): SealedMessage;
  /** Decrypts and verifies; a message that fails has no effect but the returned reason. */
  open(message: SealedMessage): OpenedMessage | IgnoreReason;
  close(): void;
}

interface PeerKeys {
  readonly verification: KeyObject;
  /** Secret. 32 bytes each, one per direction. */
  readonly outgoing: Uint8Array;
  readonly incoming: Uint8Array;
}

/** Makes the channel of one session. @throws HolderError `session/refused` for a peer's key that gives no secret */
export function createChannel(options: ChannelOptions): Channel {
  const { sid, index } = options;
  const peers = new Map(options.peers.map((peer) => [peer.index, peerKeys(options, peer)]));
  const sealed = new Map<string, { body: Uint8Array; message: SealedMessage }>();
  return {
    seal: (message) => {
      const slot = `${message.round}/${message.to}`;
      const bodyHash = sha256(message.body);
      const known = sealed.get(slot);
      if (known) {
        if (!bodyHash.equals(known.body)) throw new RangeError(`slot ${slot} is taken`);
        return known.message;
      }
      const made = sealMessage(options, peers, message, bodyHash);
      sealed.set(slot, { body: bodyHash, message: made });
      return made;
    },
    open: (message) => openMessage(sid, index, peers, message),
    close: () => {
      for (const peer of peers.values()) {
        peer.outgoing.fill(0);
        peer.incoming.fill(0);
      }
      peers.clear();
      sealed.clear();
    },
  };
}

function sealMessage(
  options: ChannelOptions,
  peers: ReadonlyMap<number, PeerKeys>,
  message: PlainMessage,
  bodyHash: Uint8Array,
): SealedMessage {
  const { round, to } = message;
  if (message.from !== options.index) throw new RangeError(`party ${message.from} is not us`);
  if (!Number.isInteger(round) || round < 1 || round > MAX_ROUND) {
    throw new RangeError(`round ${round} not in 1..${MAX_ROUND}`);
  }
  const signed = (digest: Uint8Array): Omit<SealedMessage, 'body'> => {
    const input = roundSigningInput(options.sid, round, options.index, to, digest);
    const signature = sign(null, input, options.keys.signing);
    return { round, from: options.index, to, signature };
  };
  if (to === null) return { ...signed(bodyHash), body: message.body };
  const peer = peers.get(to);
  if (!peer) throw new RangeError(`party ${to} is not in this session`);
  const plaintext = prefixed(message.body);
  const envelope = signed(sha256(plaintext));
  const body = encrypt(peer.outgoing, round, plaintext);
  plaintext.fill(0);
  return { ...envelope, body };
}

/** 32 random bytes and the body. */
function prefixed(body: Uint8Array): Uint8Array {
  const plaintext = new Uint8Array(PREFIX_LENGTH + body.length);
  randomFillSync(plaintext, 0, PREFIX_LENGTH);
  plaintext.set(body, PREFIX_LENGTH);
  return plaintext;
}

/** Order: decrypt, verify the signature; only then may anybody decode (docs/spec/channel.md §3). */
function openMessage(
  sid: Uint8Array,
  index: number,
  peers: ReadonlyMap<number, PeerKeys>,
  message: SealedMessage,
): OpenedMessage | IgnoreReason {
  const { round, from, to, signature } = message;
  const peer = peers.get(from);
  if (!peer) return 'unknown-sender';
  if (to !== null && to !== index) return 'wrong-recipient';
  if (!Number.isInteger(round) || round < 1 || round > MAX_ROUND) return 'malformed';
  if (signature.length !== SIGNATURE_LENGTH) return 'malformed';
  const plaintext = plain(to === null ? message.body : decrypt(peer.incoming, round, message.body));
  if (!plaintext) return 'decryption-failed';
  const input = roundSigningInput(sid, round, from, to, sha256(plaintext));
  if (!verify(null, input, peer.verification, signature)) return 'bad-signature';
  if (to !== null && plaintext.length < PREFIX_LENGTH) return 'malformed';
  const body = to === null ? plaintext : plaintext.subarray(PREFIX_LENGTH);
  return { round, from, to, body, plaintext, signature };
}

function peerKeys(options: ChannelOptions, peer: ChannelPeer): PeerKeys {
  const secret = agree(options.keys.agreement, peer);
  const keys = {
    verification: publicKey('Ed25519', peer.ed25519),
    outgoing: directionalKey(secret, options.sid, options.index, peer.index),
    incoming: directionalKey(secret, options.sid, peer.index, options.index),
  };
  secret.fill(0);
  return keys;
}

/** Whoever judged the certificate refused keys of small order; a secret that everybody knows is not used here either. */
function agree(own: KeyObject, peer: ChannelPeer): Buffer {
  let secret: Buffer;
  try {
    secret = diffieHellman({ privateKey: own, publicKey: publicKey('X25519', peer.x25519) });
  } catch (error) {
    throw new HolderError('session/refused', `party ${peer.index}: no shared secret`, error);
  }
  if (secret.some((byte) => byte !== 0)) return secret;
  throw new HolderError('session/refused', `party ${peer.index}: an all-zero secret`);
}

function directionalKey(secret: Uint8Array, sid: Uint8Array, from: number, to: number): Uint8Array {
  const info = framed(CHANNEL_LABEL, sid, u16(from), u16(to));
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), info, 32));
}

/** The counter is the round: one message per round and direction, so no nonce comes twice. */
function nonceOf(round: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(round, 8);
  return nonce;
}

function encrypt(key: Uint8Array, round: number, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, nonceOf(round), {
    authTagLength: TAG_LENGTH,
  });
  const sealed = new Uint8Array(plaintext.length + TAG_LENGTH);
  sealed.set(cipher.update(plaintext));
  cipher.final(); // a stream cipher has nothing left
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
}

function decrypt(key: Uint8Array, round: number, sealed: Uint8Array): Buffer | undefined {
  if (sealed.length < TAG_LENGTH) return undefined;
  const decipher = createDecipheriv('chacha20-poly1305', key, nonceOf(round), {
    authTagLength: TAG_LENGTH,
  });
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
  const plaintext = decipher.update(sealed.subarray(0, -TAG_LENGTH));
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
}

/** Without Buffer's `slice`, whose results share memory. */
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}
