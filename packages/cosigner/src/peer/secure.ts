/**
 * The protection of one connection between two cosigners (docs/spec/cosigner.md, "Connection"): both
 * prove their pinned X25519 keys, and everything after the two hellos is encrypted and bound to its
 * envelope. Sessions add their own keys and signatures inside (docs/spec/cosigner.md, "Connection").
 */
import {
  createCipheriv,
  createDecipheriv,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { checkX25519PublicKey, framed, u16, u64, utf8 } from '@quorate/intent';
import type { PeerEnvelope } from '@quorate/wire';
import { x25519Public, x25519Raw } from '../keys.ts';

const LINK_LABEL = 'quorate/v1/cosigner/link';
const ENVELOPE_LABEL = 'quorate/v1/cosigner/envelope';
const TAG_LENGTH = 16;

/** The keys of one connection, one per direction. Secret. */
export interface LinkKeys {
  readonly outgoing: Uint8Array;
  readonly incoming: Uint8Array;
}

/** An ephemeral key for one connection. */
export interface Ephemeral {
  readonly secret: KeyObject;
  /** 32 bytes */
  readonly publicKey: Uint8Array;
}

/** Makes the ephemeral key of one connection. */
export function makeEphemeral(): Ephemeral {
  const { privateKey } = generateKeyPairSync('x25519');
  return { secret: privateKey, publicKey: x25519Raw(privateKey) };
}

/** The two ends of a connection, as this side knows them. */
export interface Ends {
  readonly ownName: string;
  readonly ownStatic: KeyObject;
  readonly ownEphemeral: Ephemeral;
  readonly partnerName: string;
  /** 32 bytes, pinned */
  readonly partnerStatic: Uint8Array;
  /** 32 bytes, from the hello */
  readonly partnerEphemeral: Uint8Array;
}

/**
 * Derives the keys: static with static proves who speaks, ephemeral with ephemeral gives forward secrecy.
 *
 * @throws IntentError `intent/public-key` for a key of small order, whose secret everybody knows
 */
export function deriveLinkKeys(ends: Ends): LinkKeys {
  const shared = [
    agree(ends.ownStatic, ends.partnerStatic),
    agree(ends.ownEphemeral.secret, ends.partnerEphemeral),
  ];
  const secret = Buffer.concat(shared);
  const own = { name: ends.ownName, ephemeral: ends.ownEphemeral.publicKey };
  const partner = { name: ends.partnerName, ephemeral: ends.partnerEphemeral };
  const keys = {
    outgoing: directionalKey(secret, own, partner),
    incoming: directionalKey(secret, partner, own),
  };
  for (const part of [...shared, secret]) part.fill(0);
  return keys;
}

function agree(secret: KeyObject, raw: Uint8Array): Buffer {
  return diffieHellman({
    privateKey: secret,
    publicKey: x25519Public(checkX25519PublicKey(raw)),
  });
}

interface End {
  readonly name: string;
  readonly ephemeral: Uint8Array;
}

function directionalKey(secret: Uint8Array, from: End, to: End): Uint8Array {
  const info = framed(LINK_LABEL, utf8(from.name), utf8(to.name), from.ephemeral, to.ephemeral);
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), info, 32));
}

/** All fields of an envelope but its data. */
export type Header = Omit<PeerEnvelope, 'data'>;

/**
 * Encrypts the data of an envelope, bound to its header. Returns base64.
 *
 * Security: the frame number is the nonce. Used twice on one connection, it reveals both plaintexts.
 */
export function sealData(keys: LinkKeys, header: Header, plaintext: Uint8Array): string {
  const cipher = createCipheriv('chacha20-poly1305', keys.outgoing, nonceOf(header), {
    authTagLength: TAG_LENGTH,
  });
  cipher.setAAD(headerBytes(header), { plaintextLength: plaintext.length });
  const parts = [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(parts).toString('base64');
}

/** Decrypts; undefined for data that the partner did not send on this connection. */
export function openData(keys: LinkKeys, { data, ...header }: PeerEnvelope): Buffer | undefined {
  const sealed = Buffer.from(data, 'base64');
  if (sealed.length < TAG_LENGTH) return undefined;
  const decipher = createDecipheriv('chacha20-poly1305', keys.incoming, nonceOf(header), {
    authTagLength: TAG_LENGTH,
  });
  const ciphertext = sealed.subarray(0, -TAG_LENGTH);
  decipher.setAAD(headerBytes(header), { plaintextLength: ciphertext.length });
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
}

/** 12 bytes: every key serves one direction of one connection. */
function nonceOf({ frame }: Header): Uint8Array {
  return Buffer.concat([new Uint8Array(4), u64(frame)]);
}

function headerBytes(header: Header): Uint8Array {
  const { type, session_id, from, to, round, seq, frame, timestamp, signature } = header;
  const texts = [type, session_id, from, to, signature].map(utf8);
  return framed(ENVELOPE_LABEL, ...texts, u16(round), u64(seq), u64(timestamp), u64(frame));
}
