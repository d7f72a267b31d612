/** The consent to a signature. */
import { describePayload, escapeForDisplay, parsePayload, toHex } from '@quorate/intent';
import { describeParticipants, describeSession } from '../../approval/describe.ts';
import type { ApprovalKind } from '../../approval/kind.ts';
import { decideSign, SIGN_KEYS, signRules, type SignRules } from './policy.ts';
import type { SignApproval } from './request.ts';

const MAX_DISPLAY_LENGTH = 500;

/** The consent to a signature. */
export const SIGN_APPROVAL: ApprovalKind<SignApproval, SignRules> = {
  irrevocable: false,
  describe: (request) => {
    const { address, threshold, totalParts, digest } = request;
    const payload = request.payload ?? parsePayload({ kind: 'digest', digest: toHex(digest) });
    const { title, lines, warnings } = describePayload(payload);
    return [
      `── Signature: ${title} ──`,
      ...describeSession(request),
      `Key:          ${address} (${threshold} of ${totalParts})`,
      ...describeParticipants(request),
      ...lines.map(({ label, value }) => `  ${label}: ${value}`),
      `  digest to sign: 0x${toHex(digest)}`,
      ...warnings.map((warning) => `  WARNING: ${warning}`),
      ...describeDisplay(request.display),
    ];
  },
  subject: ({ digest }) => ({ name: 'digest', hex: toHex(digest) }),
  rules: signRules,
  keys: SIGN_KEYS,
  decide: decideSign,
};

function describeDisplay(display: unknown): string[] {
  if (display === undefined || display === null) return [];
  const text = typeof display === 'string' ? display : JSON.stringify(display);
  const shown = escapeForDisplay(text.slice(0, MAX_DISPLAY_LENGTH));
  return [`  unverified note of the requester: ${shown}`];
}
