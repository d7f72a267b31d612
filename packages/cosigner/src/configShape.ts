/** A cosigner's configuration as a type: the possible content of its file. */
import type { PcscAttachment, Pkcs11Attachment } from '@quorate/secure-element';
import type { DoorLimits } from './doors.ts';
import type { Timeouts } from './rest/listener.ts';
import type { Keep } from './store/retention.ts';

/** The party that this server is. */
export type CosignerRoleName = 'enterprise' | 'mobile-app';

/** The place of the chip, and its PIN; by default a virtual chip with its files in the store. */
export type CosignerChip = { readonly pin_file?: string | undefined } & (
  | {
      readonly kind: 'virtual';
      readonly file?: string | undefined;
      readonly passphrase_file?: string | undefined;
    }
  | PcscAttachment
  | Pkcs11Attachment
);

/** A configuration as written, with its defaults. */
export interface CosignerConfig {
  readonly listen: { readonly host: string; readonly port: number };
  readonly capabilities: readonly ('keygen' | 'sign')[];
  readonly role: CosignerRoleName;
  /** This server's name for its partners; the role by default. */
  readonly name: string;
  readonly partners: readonly string[];
  /** URL of the partner's `/peer`, for the side that dials. */
  readonly peer?: string | undefined;
  readonly identity: {
    /** Signs certificates in place of the chip. */
    readonly key_file?: string | undefined;
    readonly chip: CosignerChip;
  };
  /** Files exported by partners, by name. */
  readonly partner_keys: Readonly<Record<string, string>>;
  readonly store: string;
  readonly tls?:
    | {
        readonly certificate_file?: string | undefined;
        readonly key_file?: string | undefined;
        /** The authority that signs the partner's certificate. */
        readonly ca_file?: string | undefined;
      }
    | undefined;
  readonly allow_insecure: boolean;
  readonly auth: {
    readonly public_key_file?: string | undefined;
    readonly issuer: string;
    /** The audience of tokens; by default this server alone. */
    readonly audience?: string | undefined;
  };
  /** Who approves the partner's requests; by default a person. */
  readonly approval: 'auto' | 'prompt' | { readonly policy: string };
  readonly paillier_bits: 2048 | 3072;
  /** Pairs of primes kept ready. */
  readonly primes: { readonly ready: number };
  /** Seconds. */
  readonly deadlines: {
    readonly step: number;
    readonly setup_step: number;
    readonly approval: number;
    readonly session: number;
  };
  /** Protocol threads. */
  readonly workers: number;
  /** How long a thread may work on one task before it is replaced, seconds. */
  readonly thread_timeout: number;
  /** Sessions at the same time, those that wait for their turn among them. */
  readonly max_sessions: number;
  /** Of those ordered here, the ones with one partner that run at the same time; the others wait. */
  readonly max_running: number;
  /** Ended sessions, and how long they are kept. */
  readonly keep: Keep;
  /** Of connections. */
  readonly limits: DoorLimits;
  /** Of connections, seconds. */
  readonly timeouts: Timeouts;
}
