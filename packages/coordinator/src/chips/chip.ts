/** The registry's chips as sessions see them, and the authorisation of a release. */
import type { ChipStateName } from '@quorate/wire';
import type { Tx } from '../store/database.ts';

/** A chip of the registry: its holder, its identifiers, and its authentication key. */
export interface Chip {
  readonly seId: string;
  readonly username: string;
  /** The chip's CPLC: 84 lower-case hex digits. */
  readonly cpic: string;
  /** 65 bytes, SEC1 uncompressed P-256 point. */
  readonly publicKey: Uint8Array;
  readonly state: ChipStateName;
  readonly label: string;
}

/** Orders one chip to release or delete a record, once (docs/spec/wire.md §9). */
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
  /** 32 bytes: the digest to sign; the intent hash or reason hash for the other operations. */
  readonly digest: Uint8Array;
  /** 16 bytes: the chip's own challenge. */
  readonly challenge: Uint8Array;
}

/** The chip registry and the key that authorises releases. */
export interface Chips {
  activeChipOf(tx: Tx, username: string): Promise<Chip | undefined>;
  find(tx: Tx, seId: string): Promise<Chip | undefined>;
  /** The chip that a user registered last, whatever its state. */
  latestChipOf(tx: Tx, username: string): Promise<Chip | undefined>;
  /** Returns base64 of a DER signature over the authorisation message. */
  authorise(request: AuthorisationRequest): string;
}
