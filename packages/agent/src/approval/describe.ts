/**
 * Lines that every request has in common at a terminal. Everything that came from others is escaped
 * (R-16).
 */
import { escapeForDisplay } from '@quorate/intent';
import type { CommonApproval, PinnedParticipant } from './kind.ts';

/** The lines that tell which session it is. */
export function describeSession({ sessionKey, coordinator }: CommonApproval): string[] {
  return [
    `Session:      ${escapeForDisplay(sessionKey)}`,
    `Requested by: ${escapeForDisplay(coordinator)} (unverified)`,
  ];
}

/** A line for each participant. */
export function describeParticipants({ participants }: CommonApproval): string[] {
  return participants.map((one) => `  ${describeParticipant(one)}`);
}

/** A participant with its part and the fingerprint to compare. */
export function describeParticipant({
  username,
  partIndex,
  fingerprint,
}: PinnedParticipant): string {
  return `part ${partIndex}: ${escapeForDisplay(username)} (${fingerprint})`;
}
