/**
 * What is decided before this participant takes part, and by whom: nobody (`auto`), a person (`prompt`) or rules
 * (`policy`). What each kind of ceremony shows and asks stands in its own folder.
 */
import type { Kind } from '@quorate/wire';
import type { APPROVALS } from '../ceremonies/approvals.ts';
import type { Approval, ApprovalOfKind } from './kind.ts';

type Requests = { readonly [K in Kind]: ApprovalOfKind<(typeof APPROVALS)[K]> };

/** What there is to decide of one kind of ceremony. */
export type ApprovalRequestOf<K extends Kind> = Requests[K];

/** What there is to decide. */
export type ApprovalRequest = Requests[Kind];

/** What there is to decide, before anybody has looked at the clock. */
export type ApprovalQuestionOf<K extends Kind> = {
  readonly [J in Kind]: Omit<Requests[J], 'timeLeft'>;
}[K];

/** Decides; `signal` says that the question is void, its reason why. */
export type Approve = (request: ApprovalRequest, signal: AbortSignal) => Promise<Approval>;
