/**
 * Every size, count and default time of the wire, in one place (docs/spec/wire.md §1).
 */

const KIB = 1024;

/** The limits of the wire. Sizes of base64 fields count characters, those of frames bytes. */
export const LIMITS = {
  /** Bytes of one WebSocket text frame. */
  frame: KIB * KIB,
  /** Messages in one array frame. */
  batch: 64,
  /**
   * Nesting of arrays and objects: in a frame, body or file, and in typed data alone. A batch, the message,
   * its payload, the typed data and their message enclose the deepest value.
   */
  depth: { frame: 32 + 5, typedData: 32 },
  /** Keys of one JSON object; the largest in use are the 512 members of a type. */
  keys: 4096,
  /** Holders of one key; also the highest part_index. */
  parties: 32,
  minThreshold: 2,
  sessionKey: 128,
  username: 64,
  /** Length of the name of one of a coordinator user's clients. */
  clientId: 64,
  chipId: 128,
  /** Combining marks in a row; no language has more. */
  marks: 30,
  /** A free text from a person: a reason, a note to show. */
  text: 1024,
  /** The reason for destroying a key: the audit log keeps it in full. */
  reason: 256,
  /** `details` of an error. */
  details: 4096,
  token: 8 * KIB,
  /** Bytes of calldata in a transaction, and UTF-16 units of a text to sign (@quorate/intent). */
  calldata: 128 * KIB,
  /**
   * Characters of the JSON text of `payload`: two hex digits per byte of calldata, and the rest of the
   * transaction.
   */
  payload: 2 * 128 * KIB + 8 * KIB,
  /** A session certificate: 171 bytes and a DER signature of at most 72. */
  certificate: 324,
  /** A DER signature of P-256, base64. */
  derSignature: 96,
  encryptedShard: 256 * KIB,
  /** Signed messages that show who deviated: at most the broadcasts of one round. */
  evidence: 32,
  /** Bodies of `round`, base64: pairwise ones carry oblivious transfers, broadcasts never do. */
  roundBody: { pairwise: 128 * KIB, broadcast: 8 * KIB },
  /** Malformed messages within a window before the socket is closed with 4429. */
  errors: { count: 20, windowMs: 10_000 },
  /** Refused messages of one user within a window: after `told` only `rate_limited`, at `count` 4429. */
  refusals: { told: 200, count: 2000, windowMs: 60_000 },
  /** Records that fit on a chip (docs/spec/chip.md §2). */
  chipRecords: 100,
  /** Renewals of a chip challenge in one session. */
  challengeRenewals: 3,
  /** JSON body of a REST request, bytes. */
  restBody: 64 * KIB,
  /** The same for a body with a ciphertext. */
  restShardBody: 320 * KIB,
  /** Grants of one key that an answer lists. */
  grants: 10_000,
  /** A short fingerprint: 8 groups of 4 hex digits. */
  fingerprint: 39,
  /** A configuration or policy file: characters, nesting, spaces before a line, commas and line ends. */
  yaml: { size: 256 * KIB, depth: 32, indentation: 64, entries: 20_000 },
  /** Items on one page of a REST list. */
  page: { default: 50, max: 1000 },
  /** Characters of a password. */
  password: { min: 12, max: 256 },
} as const;

/** Default deadlines, milliseconds. */
export const DEADLINES = {
  register: 10_000,
  invitation: 120_000,
  round: 30_000,
  session: 300_000,
  /** How long a completion is kept without an acknowledgement. */
  completion: 604_800_000,
} as const;

/** The most base64 characters of a round's body. */
export function roundBodyLimit(to: number | null): number {
  return to === null ? LIMITS.roundBody.broadcast : LIMITS.roundBody.pairwise;
}
