/** The consent to a key generation. */
import { toHex } from '@quorate/intent';
import { describeParticipants, describeSession } from '../../approval/describe.ts';
import type { ApprovalKind, CommonApproval } from '../../approval/kind.ts';
import { allowed, allowOrRefuse, type AllowOrRefuse } from '../../approval/rule.ts';

/** A key generation to be approved. */
export interface KeygenApproval extends CommonApproval {
  readonly kind: 'keygen';
  readonly partIndex: number;
  /** 32 bytes: the hash of everything that the participants agree on, the same for each of them. */
  readonly intent: Uint8Array;
}

/** The consent to a key generation. */
export const KEYGEN_APPROVAL: ApprovalKind<KeygenApproval, AllowOrRefuse> = {
  irrevocable: false,
  describe: (request) => [
    '── Key generation ──',
    ...describeSession(request),
    `Key:          ${request.threshold} of ${request.totalParts}; you are part ${request.partIndex}`,
    ...describeParticipants(request),
    `  digest of this request: 0x${toHex(request.intent)} (the same for every participant)`,
  ],
  subject: ({ intent }) => ({ name: 'digest of this request', hex: toHex(intent) }),
  rules: allowOrRefuse,
  keys: [],
  decide: (rule) => allowed(rule === 'allow', 'policy: key generation is not allowed'),
};
