/**
 * The values of message fields. Every text is well-formed, normalised (NFC) and free of control characters; a
 * wrong value is refused, never repaired.
 */
import { z } from 'zod';
import { isBase64 } from './base64.ts';
import { EXPECTED, expectedBytes, saying } from './expectations.ts';
import { LIMITS } from './limits.ts';
import { payloadProblem } from './payload.ts';
import { bounded, clean, matching, plainName, refusing } from './strings.ts';

/** A text of at most `max` characters; empty is allowed. */
export const text = (max: number = LIMITS.text) => clean(max);

/** A name of a person, 1 to 64 characters of any script. */
export const Username = plainName(LIMITS.username).meta({
  id: 'Username',
  description: 'NFC, no control or bidirectional characters',
});

/** A coordinator's name for one key generation or signature, unique for ever. */
export const SessionKey = matching(
  /^[A-Za-z0-9._:-]{1,128}$/,
  LIMITS.sessionKey,
  EXPECTED.sessionKey,
).meta({ id: 'SessionKey', description: 'unique for ever' });

/** The identifier of a chip in the registry. */
export const ChipId = plainName(LIMITS.chipId).meta({
  id: 'ChipId',
  description: 'se_id: the chip in the registry',
});

/** A chip's CPLC: 42 bytes, hex. It identifies a chip and proves nothing. */
export const Cpic = matching(/^[0-9a-fA-F]{84}$/, 84, EXPECTED.cpic).meta({
  id: 'Cpic',
  description: "the chip's CPLC, 42 bytes in hex",
});

/** A party's index, 1 to 32: its Shamir x-coordinate for the life of the key. */
export const PartIndex = z
  .int()
  .min(1)
  .max(LIMITS.parties)
  .meta({ id: 'PartIndex', description: '1-based, fixed for the life of the key' });

/** How many holders are needed to sign. */
export const Threshold = z.int().min(LIMITS.minThreshold).max(LIMITS.parties);
/** How many holders the key has. */
export const TotalParts = z.int().min(LIMITS.minThreshold).max(LIMITS.parties);

/** An Ethereum address: any case in, EIP-55 out. */
export const Address = matching(/^0x[0-9a-fA-F]{40}$/, 42, EXPECTED.address).meta({
  id: 'Address',
  description: 'any case in requests, EIP-55 in answers',
});

/** A key by its `key_id`, or by any of its addresses. */
export const KeyName = matching(/^(0x[0-9a-fA-F]{40}|[0-9a-f]{64})$/, 64, EXPECTED.keyName).meta({
  id: 'KeyName',
  description: 'an address, or a key_id: 64 hex digits',
});

/** The signature algorithm of a key, for its whole life. */
export const Algorithm = z.enum(['ecdsa-secp256k1']).meta({ id: 'Algorithm' });
export type Algorithm = z.infer<typeof Algorithm>;

/** A compressed secp256k1 point. */
export const PublicKey = matching(/^0x0[23][0-9a-fA-F]{64}$/, 68, EXPECTED.publicKey).meta({
  id: 'PublicKey',
  description: 'SEC1 compressed, 0x and 66 hex digits',
});

/** An uncompressed P-256 point: a chip's key, or the key that authorises chips. */
export const ChipPublicKey = matching(
  /^(0x)?04[0-9a-fA-F]{128}$/,
  132,
  EXPECTED.chipPublicKey,
).meta({
  id: 'ChipPublicKey',
  description: 'P-256, SEC1 uncompressed, 130 hex digits with or without 0x',
});

/** 32 bytes to sign: 64 hex digits, with or without 0x. */
export const Digest = matching(/^(0x)?[0-9a-fA-F]{64}$/, 66, EXPECTED.hex32).meta({
  id: 'Digest',
  description: '32 bytes in hex, with or without 0x',
});

/** SHA-256 in lower-case hex. */
export const Hash = matching(/^[0-9a-f]{64}$/, 64, EXPECTED.lowerHex32).meta({
  id: 'Hash',
  description: '32 bytes in lower-case hex',
});

/** An Ethereum signature: 0x, then r, s and v, 65 bytes. */
export const Signature = matching(
  /^0x[0-9a-fA-F]{128}(1[bB]|1[cC])$/,
  132,
  EXPECTED.signature,
).meta({ id: 'Signature', description: 'r, s, v: 65 bytes in hex; v is 27 or 28' });

/** Bytes in canonical base64, 1 to `max` characters. */
export const base64 = (max: number) =>
  bounded(max).min(4).refine(isBase64, saying(EXPECTED.base64)).meta({ contentEncoding: 'base64' });

/** Exactly `bytes` bytes in base64. */
export const base64Bytes = (bytes: number) => {
  const length = Math.ceil(bytes / 3) * 4;
  return base64(length)
    .min(length)
    .refine((value) => sizeOf(value) === bytes, saying(expectedBytes(bytes)));
};

function sizeOf(value: string): number {
  return (value.length / 4) * 3 - (value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0);
}

/** The chip's signature over 171 bytes, together with them (docs/spec/intent.md §2). */
export const SessionCertificate = base64(LIMITS.certificate).meta({
  id: 'SessionCertificate',
  description: 'payload of 171 bytes, then the DER signature of the chip',
  contentEncoding: 'base64',
});

/** 16 random bytes of a chip. */
export const ChipChallenge = base64Bytes(16).meta({
  id: 'ChipChallenge',
  description: '16 bytes, valid for one attempt',
  contentEncoding: 'base64',
});

/** r = s = 1. */
const SHORTEST_DER = 8;

/** A DER signature over P-256. */
export const DerSignature = base64(LIMITS.derSignature)
  .refine((value) => sizeOf(value) >= SHORTEST_DER, saying(expectedBytes(SHORTEST_DER, true)))
  .meta({
    id: 'DerSignature',
    description: 'DER, P-256',
    contentEncoding: 'base64',
  });

/** The encrypted keyshare. */
export const EncryptedShard = base64(LIMITS.encryptedShard).meta({
  id: 'EncryptedShard',
  description: 'AES-256-GCM; the opener is on the chip',
  contentEncoding: 'base64',
});

/** Milliseconds since 1970. */
export const Time = z.int().min(0).meta({ id: 'Time', description: 'milliseconds since 1970' });

/** The number of a message in one direction of one stream. */
export const Sequence = z.int().min(1).meta({ id: 'Sequence' });

/** The random identity of a server's database; a restore changes it. */
export const Stream = matching(/^[A-Za-z0-9_-]{8,64}$/, 64, EXPECTED.stream);

/** A stable code of the table in codes.ts. */
export const Code = matching(/^[a-z][a-z0-9_]{0,63}$/, 64, EXPECTED.code);

/** The participants of a session in order; at key generation the position from 1 is the part_index. */
export const Participants = z.array(Username).min(LIMITS.minThreshold).max(LIMITS.parties);

/** One party of a session, as a message names it. */
export const PartyName = z
  .strictObject({ username: Username, part_index: PartIndex })
  .meta({ id: 'PartyName' });

/** A party and the certificate that its chip made for this session. */
export const Peer = z
  .strictObject({
    username: Username,
    part_index: PartIndex,
    session_certificate: SessionCertificate,
  })
  .meta({ id: 'Peer' });

/** The peers of one session, one entry a party, the receiver included. */
export const Peers = z.array(Peer).min(LIMITS.minThreshold).max(LIMITS.parties);

/** The name of a participant's local session record; the agent computes it and only compares. */
export const Filename = text(160);

/**
 * The preimage of a digest. `@quorate/intent` checks its meaning; this schema checks only that it is an object
 * with a kind, of bounded size, with well-formed text and without NUL.
 */
export const SignPayload = z
  .looseObject({ kind: z.enum(['eip1559', 'legacy', 'eip712', 'eip191', 'digest']) })
  .superRefine(refusing(payloadProblem))
  .meta({ id: 'SignPayload', description: 'the preimage of `data`' });
