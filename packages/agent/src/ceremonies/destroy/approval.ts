/** The consent to the destruction of a key. */
import { escapeForDisplay } from '@quorate/intent';
import { describeParticipant, describeSession } from '../../approval/describe.ts';
import type { ApprovalKind, CommonApproval, PinnedParticipant } from '../../approval/kind.ts';
import { allowed, allowOrRefuse, type AllowOrRefuse } from '../../approval/rule.ts';

/** The destruction of a key to be approved. `reason` is unverified text of the requester. */
export interface DestroyApproval extends CommonApproval {
  readonly kind: 'destroy';
  readonly address: string;
  readonly reason: string;
  readonly partIndex: number;
  /** Holders who are not asked, because the coordinator says that their chips are gone. */
  readonly absent: readonly PinnedParticipant[];
}

/** The consent to the destruction of this participant's shard, when everybody else consents too. */
export const DESTROY_APPROVAL: ApprovalKind<DestroyApproval, AllowOrRefuse> = {
  irrevocable: true,
  describe: (request) => {
    const { address, threshold, totalParts, partIndex } = request;
    const named = (label: string, people: readonly PinnedParticipant[]): string[] =>
      people.map((one) => `  ${label} ${describeParticipant(one)}`);
    return [
      '── DESTROY A KEY, for ever ──',
      ...describeSession(request),
      `Key:          ${address} (${threshold} of ${totalParts}); you are part ${partIndex}`,
      `Reason:       ${escapeForDisplay(request.reason)} (unverified)`,
      ...named('destroys', request.participants),
      ...named('not asked, since the coordinator says that its chip is gone:', request.absent),
      '  WARNING: nothing brings the key back, and nobody can ever move its funds again',
    ];
  },
  subject: ({ address }) => ({ name: 'address', hex: address }),
  rules: allowOrRefuse,
  keys: [],
  decide: (rule) => allowed(rule === 'allow', 'policy: destroying a key is not allowed'),
};
