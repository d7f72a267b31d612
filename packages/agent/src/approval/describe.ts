/**
 * What a person at a terminal is shown of a request. Everything that came from others is escaped
 * (R-16).
 */
import { describePayload, escapeForDisplay, parsePayload, toHex } from '@quorate/intent';
import type {
  ApprovalRequest,
  DestroyApproval,
  KeygenApproval,
  PinnedParticipant,
  SignApproval,
} from './index.ts';

const MAX_DISPLAY_LENGTH = 500;

/** The lines that a person sees, each free of control and direction characters. */
export function describe(request: ApprovalRequest): string[] {
  switch (request.kind) {
    case 'keygen':
      return describeKeygen(request);
    case 'sign':
      return describeSign(request);
    case 'destroy':
      return describeDestroy(request);
  }
}

function describeKeygen(request: KeygenApproval): string[] {
  return [
    '── Key generation ──',
    `Session:      ${escapeForDisplay(request.sessionKey)}`,
    `Requested by: ${escapeForDisplay(request.coordinator)} (unverified)`,
    `Key:          ${request.threshold} of ${request.totalParts}; you are part ${request.partIndex}`,
    ...describeParticipants(request),
    `  digest of this request: 0x${toHex(request.intent)} (the same for every participant)`,
  ];
}

function describeDestroy(request: DestroyApproval): string[] {
  const named = (label: string, people: readonly PinnedParticipant[]): string[] =>
    people.map((one) => `  ${label} ${describeParticipant(one)}`);
  return [
    '── DESTROY A KEY, for ever ──',
    `Session:      ${escapeForDisplay(request.sessionKey)}`,
    `Requested by: ${escapeForDisplay(request.coordinator)} (unverified)`,
    `Key:          ${request.address} (${request.threshold} of ${request.totalParts}); you are part ${request.partIndex}`,
    `Reason:       ${escapeForDisplay(request.reason)} (unverified)`,
    ...named('destroys', request.participants),
    ...named('not asked, its chip is said to be gone:', request.absent),
    '  WARNING: nothing brings the key back, and nothing that it holds can be moved any more',
  ];
}

function describeSign(request: SignApproval): string[] {
  const payload =
    request.payload ?? parsePayload({ kind: 'digest', digest: toHex(request.digest) });
  const { title, lines, warnings } = describePayload(payload);
  return [
    `── Signature: ${title} ──`,
    `Session:      ${escapeForDisplay(request.sessionKey)}`,
    `Requested by: ${escapeForDisplay(request.coordinator)} (unverified)`,
    `Key:          ${request.address} (${request.threshold} of ${request.totalParts})`,
    ...describeParticipants(request),
    ...lines.map(({ label, value }) => `  ${label}: ${value}`),
    `  digest to sign: 0x${toHex(request.digest)}`,
    ...warnings.map((warning) => `  WARNING: ${warning}`),
    ...describeDisplay(request.display),
  ];
}

function describeParticipants({ participants }: ApprovalRequest): string[] {
  return participants.map((one) => `  ${describeParticipant(one)}`);
}

function describeParticipant({ username, partIndex, fingerprint }: PinnedParticipant): string {
  return `part ${partIndex}: ${escapeForDisplay(username)} (${fingerprint})`;
}

function describeDisplay(display: unknown): string[] {
  if (display === undefined || display === null) return [];
  const text = typeof display === 'string' ? display : JSON.stringify(display);
  const shown = escapeForDisplay(text.slice(0, MAX_DISPLAY_LENGTH));
  return [`  unverified note of the requester: ${shown}`];
}
