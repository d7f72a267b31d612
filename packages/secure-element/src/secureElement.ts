import type { Attempt, TriesLeft } from './tries.ts';

/** How chips are attached. */
export type SecureElementKind = 'virtual' | 'pcsc' | 'pkcs11';

/** A chip's description of itself. */
export interface ChipInfo {
  /** Version of the command set, e.g. `1.1`. */
  readonly version: string;
  /** The number of records that fit. */
  readonly capacity: number;
  /** 0 while `stateCounter` is null. */
  readonly used: number;
  /** 0 if the PIN is blocked. */
  readonly pinTriesLeft: TriesLeft;
  /** 0 if the PUK is used up; null for a chip without one, such as all chips personalised before version 1.1. */
  readonly pukTriesLeft: number | null;
  readonly personalised: boolean;
  /** True if the chip is a program: its secrets are only as safe as its file and passphrase. */
  readonly software: boolean;
  /** 32 bytes; null before personalisation, and if the chip reveals it only after the PIN */
  readonly authorisationKeyFingerprint: Uint8Array | null;
  /**
   * Number of writes to the chip's persistent memory; a lower number than before means that an older state was
   * restored. Null if the chip reveals it only after the PIN.
   */
  readonly stateCounter: number | null;
  /** One sentence for people. */
  readonly text: string;
}

/** Names a record and the session that asks for it. */
export interface RecordAccess {
  /** 32 bytes */
  readonly recordId: Uint8Array;
  /** 20 bytes */
  readonly address: Uint8Array;
  /** 32 bytes, of a session that this chip signed since its last reset */
  readonly sessionHash: Uint8Array;
  /** 16 bytes, from {@link SecureElement.challenge}; consumed by the attempt */
  readonly challenge: Uint8Array;
  /** DER, by the authorisation key */
  readonly signature: Uint8Array;
}

/** Options of a personalisation. */
export interface Personalising extends Attempt {
  /** Secret. 8 to 16 bytes; only for chips of version 1.1 or later that own their PIN. */
  readonly puk?: Uint8Array | undefined;
}

/** Replaces a blocked PIN. */
export interface Unblocking {
  /** 16 bytes, from {@link SecureElement.challenge}; consumed by the attempt */
  readonly challenge: Uint8Array;
  /** DER, by the authorisation key */
  readonly signature: Uint8Array;
  /** Secret. 8 to 16 bytes */
  readonly puk: Uint8Array;
  /** Secret. 4 to 16 bytes */
  readonly newPin: Uint8Array;
}

/**
 * A participant's chip (docs/spec/chip.md). It knows nothing of protocols: it signs session certificates, and
 * releases 32 bytes only with PIN, session and authorisation. Every method throws SecureElementError.
 */
export interface SecureElement {
  readonly kind: SecureElementKind;
  /** How many challenges, and how many sessions, the chip remembers, 3 or more; a further one replaces the oldest. */
  readonly remembers: number;
  /** 42 bytes; identifies, does not authenticate */
  cplc(): Promise<Uint8Array>;
  info(): Promise<ChipInfo>;
  /** 65 bytes, P-256 */
  publicKey(): Promise<Uint8Array>;
  /** Makes the chip's key and sets the authorisation key (65 bytes) and the first PIN (4 to 16 bytes); once. */
  personalise(
    authorisationKey: Uint8Array,
    pin: Uint8Array,
    options?: Personalising,
  ): Promise<void>;
  /** Replaces the authorisation key; the old one has signed the change over a challenge. */
  rotate(rotation: {
    /** 65 bytes */
    readonly newAuthorisationKey: Uint8Array;
    readonly challenge: Uint8Array;
    readonly signature: Uint8Array;
  }): Promise<void>;
  /** DER: proves possession of the chip's key over a server's nonce (32 bytes). */
  register(nonce: Uint8Array): Promise<Uint8Array>;
  verifyPin(pin: Uint8Array, attempt?: Attempt): Promise<void>;
  changePin(pin: Uint8Array, newPin: Uint8Array, attempt?: Attempt): Promise<void>;
  /** Replaces a blocked PIN; the new PIN does not count as verified. */
  unblock(unblocking: Unblocking, attempt?: Attempt): Promise<void>;
  /** DER over a certificate payload (171 bytes); the chip remembers the session until it is reset. */
  signSession(payload: Uint8Array): Promise<Uint8Array>;
  /** 16 random bytes, valid for one attempt. */
  challenge(): Promise<Uint8Array>;
  /** Never overwrites. */
  store(record: {
    readonly recordId: Uint8Array;
    readonly address: Uint8Array;
    /** Secret. 32 bytes */
    readonly secret: Uint8Array;
  }): Promise<{ readonly slot: number; readonly used: number }>;
  /** Security: the caller wipes `secret` after use. */
  read(
    access: RecordAccess & { readonly digest: Uint8Array },
  ): Promise<{ readonly secret: Uint8Array; readonly releaseCount: number }>;
  delete(
    access: RecordAccess & { readonly reasonHash: Uint8Array },
  ): Promise<{ readonly used: number }>;
  /** Stops waiting for a chip that was taken out: waiting calls fail with `card-removed`. */
  stopWaiting?(): void;
  close(): Promise<void>;
}

/** A connection to a chip that carries only command and response APDUs. */
export interface ApduTransport {
  /** Sends one command APDU and returns the response, including its status word. */
  transmit(apdu: Uint8Array): Promise<Uint8Array>;
  /** Stops waiting for a chip that was taken out, if the transport waits. */
  stopWaiting?(): void;
  close(): Promise<void>;
}
