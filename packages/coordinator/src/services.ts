/**
 * What the parts of the coordinator ask of each other.
 *
 * Sessions, delivery and sockets depend on these types only, so that users, chips and the audit log
 * can be written, tested and replaced without them.
 */
import type { ErrorCode } from '@quorate/wire';
import type { Tx } from './store/database.ts';

/** What a user may be allowed to do; one user may have several. */
export type Role = 'admin' | 'coordinator' | 'participant' | 'auditor';

/** Who a verified access token speaks for. */
export interface Identity {
  readonly username: string;
  readonly roles: readonly Role[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly tokenId: string;
  /** The login that the token belongs to; tokens for programs and of other issuers belong to none. */
  readonly loginId?: string;
}

/** What is void from now on: a token, a login, or all that a user has. */
export interface Revoked {
  readonly username: string;
  readonly tokenId?: string;
  readonly loginId?: string;
}

/** A token that is not taken. */
export interface Refused {
  /** Why, for the server. */
  readonly refused: string;
  /** Why, for whoever presented it; only of a token that an issuer signed. */
  readonly told?: string;
}

/** Verifies access tokens: signature, pinned algorithm, issuer, expiry, revocation, disabled users. */
export interface Tokens {
  verify(token: string): Promise<Identity | Refused>;
}

/** One user, without anything secret. */
export interface User {
  readonly username: string;
  readonly roles: readonly Role[];
  readonly state: 'active' | 'disabled';
}

/** The register of users. */
export interface Users {
  find(tx: Tx, username: string): Promise<User | undefined>;
}

/** A chip of the registry: who holds it, how it identifies itself, the key that authenticates it. */
export interface Chip {
  readonly seId: string;
  readonly username: string;
  /** The chip's CPLC: 84 lower-case hex digits. */
  readonly cpic: string;
  /** 65 bytes, SEC1 uncompressed P-256 point. */
  readonly publicKey: Uint8Array;
  readonly state: 'active' | 'lost' | 'disabled' | 'destroyed';
  readonly label: string;
}

/** What one chip is asked to release or delete, once (docs/spec/wire.md §9). */
export interface AuthorisationRequest {
  readonly operation: 'read' | 'delete';
  /** 65 bytes. */
  readonly chipPublicKey: Uint8Array;
  /** 32 bytes. */
  readonly recordId: Uint8Array;
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes: the session_hash of the certificate that this chip signed. */
  readonly sessionHash: Uint8Array;
  /** 32 bytes: what is signed; the intent hash or reason hash for the other operations. */
  readonly digest: Uint8Array;
  /** 16 bytes: the chip's own challenge. */
  readonly challenge: Uint8Array;
}

/** The chip registry and the key that authorises releases. */
export interface Chips {
  activeChipOf(tx: Tx, username: string): Promise<Chip | undefined>;
  find(tx: Tx, seId: string): Promise<Chip | undefined>;
  /** The chip of a user that was registered last, whatever its state. */
  latestChipOf(tx: Tx, username: string): Promise<Chip | undefined>;
  /** Returns base64 of a DER signature over the authorisation message. */
  authorise(request: AuthorisationRequest): string;
}

/** What an audit entry says beyond who, what and when. Flat, and never a secret. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** One entry of the audit log, before it is chained. Never holds a secret. */
export interface AuditEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: 'ok' | 'refused' | 'failed';
  readonly details: AuditDetails;
}

/** What became of one shard of a destroyed key. Byte strings are lower-case hex. */
export interface DestroyedShard {
  readonly partIndex: number;
  readonly username: string;
  readonly seId: string;
  readonly chipPublicKey: string;
  readonly recordId: string;
  /**
   * deleted: the chip signed a receipt; lost, destroyed: what the registry says of the chip; unproven: an
   * administrator closed the destruction without it.
   */
  readonly outcome: 'deleted' | 'lost' | 'destroyed' | 'unproven';
  /** Of the chip's consent, and its receipt in base64; only when deleted. */
  readonly sessionHash?: string;
  readonly receipt?: string;
}

/** A key that was destroyed, with the proof of each shard. */
export interface Destruction {
  readonly address: string;
  readonly publicKey: string;
  readonly keyId: string;
  readonly epoch: number;
  readonly threshold: number;
  readonly totalParts: number;
  readonly sessionKey: string;
  readonly reasonHash: string;
  readonly destroyedAt: number;
  /** Who closed it before every part was accounted for, and why. */
  readonly closed?: { readonly by: string; readonly reasonHash: string };
  readonly shards: readonly DestroyedShard[];
}

/** The audit log: entries are appended in the caller's transaction. */
export interface AuditLog {
  append(tx: Tx, event: AuditEvent): Promise<void>;
  /** Why the log is not the one that was written, so that nothing new is begun; undefined when it is. */
  problem(): string | undefined;
  /** Signs with the audit key that a key was destroyed; gives the details with their signature. */
  certify(destruction: Destruction): AuditDetails;
}

/** One holder of a key's shard, as REST shows it: never the shard. */
export interface KeyHolder {
  readonly part_index: number;
  readonly username: string;
  readonly se_id: string;
  readonly chip_label: string;
  readonly chip_state: string;
  readonly record_state: string;
}

/** A key as REST lists it. */
export interface KeySummary {
  readonly address: string;
  /** `0x` and 66 hex digits. */
  readonly public_key: string;
  readonly session_key: string;
  readonly creator: string;
  readonly threshold: number;
  readonly total_parts: number;
  readonly epoch: number;
  readonly state: string;
  readonly created_at: number;
}

/** A key with its holders and the users who may ask for signatures besides its creator. */
export interface KeyDetails extends KeySummary {
  readonly holders: readonly KeyHolder[];
  readonly grants: readonly string[];
}

/** What the caller may see: everything, or only what concerns one user. */
export interface Visibility {
  /** Absent: everything. Present: keys and sessions in which this user takes part. */
  readonly onlyOf?: string;
}

/** Where a page of a list starts (exclusive) and how long it may be. */
export interface Page {
  readonly after?: string;
  readonly limit: number;
}

/** One page and the cursor of the next. */
export interface Paged<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** Keys, as REST reads and grants them. */
export interface Keys {
  list(tx: Tx, visibility: Visibility, page: Page): Promise<Paged<KeySummary>>;
  /** Any case of the address; undefined when unknown or not visible. */
  get(tx: Tx, address: string, visibility: Visibility): Promise<KeyDetails | undefined>;
  /** Lets a user ask for signatures; audited by this function. False when the key is unknown. */
  grant(tx: Tx, request: GrantRequest): Promise<boolean>;
  /** Takes the permission back; audited by this function. False when there was none. */
  revoke(tx: Tx, request: GrantRequest): Promise<boolean>;
}

/** Who gives or takes the permission to ask for signatures of a key. */
export interface GrantRequest {
  readonly address: string;
  readonly username: string;
  readonly actor: string;
}

/** A session as REST lists it: never a body, a certificate or a shard. */
export interface SessionSummary {
  readonly session_key: string;
  readonly kind: 'keygen' | 'sign' | 'destroy';
  readonly state: string;
  readonly coordinator: string;
  readonly threshold: number;
  readonly total_parts: number;
  readonly address: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

/** A session with its participants and what it waits for. */
export interface SessionDetails extends SessionSummary {
  readonly participants: readonly {
    readonly username: string;
    readonly part_index: number;
    readonly state: string;
    /** Why an open destruction still waits for it. */
    readonly reason?: string;
  }[];
  readonly waiting_for: readonly string[];
  readonly digest: string | null;
  readonly signature: string | null;
  readonly code: string | null;
  readonly message: string | null;
  /** What is known beside the outcome: reports, and results that did not decide it. */
  readonly notes?: readonly string[];
}

/** Sessions, as REST reads them. */
export interface Sessions {
  list(
    tx: Tx,
    visibility: Visibility,
    page: Page & { readonly state?: string },
  ): Promise<Paged<SessionSummary>>;
  get(tx: Tx, sessionKey: string, visibility: Visibility): Promise<SessionDetails | undefined>;
}

/** Why something that was ordered is not done. */
type NotDone = { readonly code: ErrorCode; readonly details: string };

/** What may be ordered about a session that is open; gives why not. */
export interface SessionOrders {
  /** Ends a session for its asker or an administrator. */
  cancel(tx: Tx, actor: string, sessionKey: string): Promise<NotDone | undefined>;
  /** Closes a destruction that still waits, for an administrator. */
  close(
    tx: Tx,
    actor: string,
    order: { readonly sessionKey: string; readonly reason: string },
  ): Promise<NotDone | undefined>;
}

/**
 * Two clocks, injected so that tests own the time. What is dated (tokens, certificates, entries of the log)
 * goes by the wall clock; every duration goes by the other one, since a wall clock is set.
 */
export interface Clock {
  /** The wall clock: milliseconds since 1970. */
  now(): number;
  /** Calls back once, not before the date `at`; returns a function that cancels. */
  schedule(at: number, callback: () => void): () => void;
  /** Milliseconds since any moment, by a clock that nobody sets. */
  elapsed(): number;
  /** Calls back once after `delay` milliseconds by that clock; returns a function that cancels. */
  after(delay: number, callback: () => void): () => void;
}
