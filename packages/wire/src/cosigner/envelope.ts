/** The messages between two cosigners at `/peer` (docs/spec/cosigner.md). */
import { z } from 'zod';
import { base64, Time, Username } from '../fields.ts';
import { bounded, matching, refusing } from '../strings.ts';
import { EXPECTED } from '../expectations.ts';
import { textProblem } from '../payload.ts';

/** Types of the envelope, as the seed names them. */
export const PEER_TYPES = [
  'two_party_sign_init',
  'pre_params',
  'pre_params_ack',
  'keygen_p1_data',
  'keygen_p2_ack',
  'sign_commit',
  'sign_p2_nonce',
  'sign_open',
  'sign_p2_partial',
  'sign_done',
  'ack',
  'abort',
  'session_sync',
] as const;

/** A type of the envelope. */
export type PeerType = (typeof PEER_TYPES)[number];

/** Bounds of the peer connection. */
export const PEER_LIMITS = {
  /** Bytes of one frame: pre-parameters of 3072 bits are 100 KB before base64. */
  frame: 1024 * 1024,
  /**
   * Bytes accepted from a connection before it has proved who it is: two frames of 500 bytes suffice for the
   * proof.
   */
  unproven: 64 * 1024,
  /** Characters of `data`. */
  data: 768 * 1024,
  /** Characters of a message to sign. */
  message: 16 * 1024,
  /** Bytes of a REST body: room for such a message even if each character is two escapes of six bytes. */
  body: 256 * 1024,
  /** Sessions reported in one session_sync. */
  sync: 1000,
} as const;

/** The name of the session of a key generation, signature or refresh. */
export const TwoPartySessionId = matching(/^[0-9a-f]{32}$/, 32, EXPECTED.lowerHex16).meta({
  id: 'TwoPartySessionId',
  description: '16 random bytes in hex',
});

/** Ed25519 over the round; empty if link and certificate authenticate it. */
const EnvelopeSignature = z.union([z.literal(''), base64(88)]);

/** One frame. `session_id` is empty if the frame concerns the whole connection. */
export const PeerEnvelope = z.strictObject({
  type: z.enum(PEER_TYPES),
  session_id: z.union([z.literal(''), TwoPartySessionId]),
  from: Username,
  to: Username,
  round: z.int().min(0).max(64),
  seq: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** Number of the frame on its connection, from 1 in each direction; 0 before the keys exist. */
  frame: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  data: base64(PEER_LIMITS.data),
  timestamp: Time,
  signature: EnvelopeSignature,
});
export type PeerEnvelope = z.infer<typeof PeerEnvelope>;

const key32 = matching(/^[0-9a-f]{64}$/, 64, EXPECTED.lowerHex32);

/** The first `session_sync` of a connection, in clear: an ephemeral X25519 key. */
export const PeerHello = z.strictObject({ version: z.literal(1), ephemeral: key32 });
export type PeerHello = z.infer<typeof PeerHello>;

/** How `message` becomes the digest. */
export const MessageHash = z
  .enum(['eip191', 'keccak256', 'sha256', 'none'])
  .meta({ id: 'MessageHash', description: 'none: message is 32 bytes in hex' });
export type MessageHash = z.infer<typeof MessageHash>;

/** A text to sign. It need not be NFC, because its bytes are signed; NUL is refused. */
export const SignedText = bounded(PEER_LIMITS.message).min(1).superRefine(refusing(textProblem));

/** The plaintext of `two_party_sign_init`, in both directions. */
export const PeerInit = z.strictObject({
  operation: z.enum(['keygen', 'sign', 'refresh']),
  /** The answer carries only the certificate; the first message holds the proposal. */
  reply: z.boolean(),
  certificate: base64(324),
  key_session_id: TwoPartySessionId.optional(),
  epoch: z.int().nonnegative().max(0xffffffff).optional(),
  paillier_bits: z.union([z.literal(2048), z.literal(3072)]).optional(),
  message: SignedText.optional(),
  hash: MessageHash.optional(),
});
export type PeerInit = z.infer<typeof PeerInit>;

/** The plaintext of `ack`. */
export const PeerAck = z.strictObject({ seq: z.int().min(1), status: bounded(32) });
export type PeerAck = z.infer<typeof PeerAck>;

/** The plaintext of `abort`. */
export const PeerAbort = z.strictObject({ code: bounded(64), reason: bounded(300) });
export type PeerAbort = z.infer<typeof PeerAbort>;

/** One side's report about a session or a key in `session_sync`. */
export const PeerSync = z.strictObject({
  /** Sessions that run here. */
  running: z.array(TwoPartySessionId).max(PEER_LIMITS.sync).optional(),
  /** Keys that this side uses, and their epochs. */
  keys: z
    .array(z.strictObject({ session_id: TwoPartySessionId, epoch: z.int().nonnegative() }))
    .max(PEER_LIMITS.sync)
    .optional(),
  /** For one session: its status. */
  status: bounded(32).optional(),
  /** For one session that is complete here: r, s, v. */
  signature: bounded(132).optional(),
  /** For one key generation or refresh: `stored` by P2, then `active` by P1. */
  phase: z.enum(['stored', 'active']).optional(),
});
export type PeerSync = z.infer<typeof PeerSync>;
