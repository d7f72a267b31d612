/**
 * Requests for consent, decided by nobody (`auto`), a person (`prompt`) or rules (`policy`). Each kind of ceremony
 * describes its own request in its folder.
 */
import type { Approval } from '@quorate/holder';
import type { Kind } from '@quorate/wire';
import type { APPROVALS } from '../ceremonies/approvals.ts';
import type { ApprovalOfKind } from './kind.ts';

type Requests = { readonly [K in Kind]: ApprovalOfKind<(typeof APPROVALS)[K]> };

/** A request for consent to one kind of ceremony. */
export type ApprovalRequestOf<K extends Kind> = Requests[K];

/** A request for consent to any kind of ceremony. */
export type ApprovalRequest = Requests[Kind];

/** A request before its remaining time was computed. */
export type ApprovalQuestionOf<K extends Kind> = {
  readonly [J in Kind]: Omit<Requests[J], 'timeLeft'>;
}[K];

/** Decides; `signal` says that the question is void, its reason why. */
export type Approve = (request: ApprovalRequest, signal: AbortSignal) => Promise<Approval>;
