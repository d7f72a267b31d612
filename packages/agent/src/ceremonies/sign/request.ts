import type { Payload } from '@quorate/intent';
import type { CommonApproval } from '../../approval/kind.ts';

/** A signature to be approved. `display` is unverified text of the requester. */
export interface SignApproval extends CommonApproval {
  readonly kind: 'sign';
  readonly address: string;
  /** 32 bytes */
  readonly digest: Uint8Array;
  /** The content that the digest was recomputed from, or null for a bare digest. */
  readonly payload: Payload | null;
  readonly display: unknown;
}
