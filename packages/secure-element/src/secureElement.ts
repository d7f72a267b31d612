import type { Attempt, TriesLeft } from './tries.ts';

/** How chips are attached. */
export type SecureElementKind = 'virtual' | 'pcsc' | 'pkcs11';

/** What a chip says about itself. */
export interface ChipInfo {
  /** Version of the command set, e.g. `1.1`. */
  readonly version: string;
  /** Records that fit. */
  readonly capacity: number;
  /** 0 as long as `stateCounter` is null. */
  readonly used: number;
  /** 0 when the PIN is blocked. */
  readonly pinTriesLeft: TriesLeft;
  /** 0 when the PUK is used up; null for a chip without one, as every one that was personalised before version 1.1 is. */
  readonly pukTriesLeft: number | null;
  readonly personalised: boolean;
  /** True for a chip that is a program: its secrets are only as safe as its file and passphrase. */
  readonly software: boolean;
  /** 32 bytes; null before personalisation, and where the chip tells it only after the PIN */
  readonly authorisationKeyFingerprint: Uint8Array | null;
  /**
   * Writes to the chip's persistent memory so far; a lower number than before means an older state came back.
   * Null where the chip tells it only after the PIN.
   */
  readonly stateCounter: number | null;
  /** One sentence for people. */
  readonly text: string;
}

/** What names a record and the session that asks for it. */
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

/** What may go with a personalisation. */
export interface Personalising extends Attempt {
  /** Secret. 8 to 16 bytes; only chips of version 1.1 or later that own their PIN take one. */
  readonly puk?: Uint8Array | undefined;
}

/** What sets a blocked PIN anew. */
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
 * gives 32 bytes out only with PIN, session and authorisation. Every method throws SecureElementError.
 */
export interface SecureElement {
  readonly kind: SecureElementKind;
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
  /** Replaces the authorisation key; the old one signed the change over a challenge. */
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
  /** Sets a new PIN in the place of a blocked one; it is not verified by that. */
  unblock(unblocking: Unblocking, attempt?: Attempt): Promise<void>;
  /** DER over a certificate payload (171 bytes); the chip remembers the session until it is reset. */
  signSession(payload: Uint8Array): Promise<Uint8Array>;
  /** 16 random bytes, good for one attempt. */
  challenge(): Promise<Uint8Array>;
  /** Never overwrites. */
  store(record: {
    readonly recordId: Uint8Array;
    readonly address: Uint8Array;
    /** Secret. 32 bytes */
    readonly secret: Uint8Array;
  }): Promise<{ readonly slot: number; readonly used: number }>;
  /** Security: the caller zeroes `secret` after use. */
  read(
    access: RecordAccess & { readonly digest: Uint8Array },
  ): Promise<{ readonly secret: Uint8Array; readonly releaseCount: number }>;
  delete(
    access: RecordAccess & { readonly reasonHash: Uint8Array },
  ): Promise<{ readonly used: number }>;
  /** Ends the waiting for a chip that was taken out: what waits fails with `card-removed`. */
  stopWaiting?(): void;
  close(): Promise<void>;
}

/** A way to a chip that carries command and response APDUs and nothing else. */
export interface ApduTransport {
  /** Sends one command APDU and gives the response, status word included. */
  transmit(apdu: Uint8Array): Promise<Uint8Array>;
  /** Ends the waiting for a chip that was taken out, where the transport waits. */
  stopWaiting?(): void;
  close(): Promise<void>;
}
