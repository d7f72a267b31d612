/** A person decides at a terminal, one question at a time. */
import { createAsker, type Subject, type Terminal } from '@quorate/holder';
import type { Kind } from '@quorate/wire';
import { APPROVALS } from '../ceremonies/approvals.ts';
import type { ApprovalRequest, ApprovalRequestOf, Approve } from './request.ts';

/** Makes the decider that asks at a terminal, which is its own from now on. */
export function approveByPrompt(terminal: Terminal): Approve {
  const ask = createAsker(terminal);
  return async (request, signal) => {
    const { shown, subject } = questionOf(request.kind, request);
    const [title = '', ...lines] = shown;
    const { timeLeft } = request;
    const answer = await ask({ title, lines, subject, timeLeft }, signal);
    if (answer === 'void') return { accept: false, reason: 'expired before it was answered' };
    if (answer === 'closed') {
      return { accept: false, reason: 'declined: the terminal is closed, nobody can answer there' };
    }
    return answer;
  };
}

/** The lines that a person sees of a request, the title first. */
export function describe(request: ApprovalRequest): string[] {
  return questionOf(request.kind, request).shown;
}

type Table = {
  readonly [K in Kind]: {
    describe(request: ApprovalRequestOf<K>): string[];
    subject(request: ApprovalRequestOf<K>): Subject;
  };
};

const TABLE: Table = APPROVALS;

function questionOf<K extends Kind>(
  kind: K,
  request: ApprovalRequestOf<K>,
): { readonly shown: string[]; readonly subject: Subject } {
  const one = TABLE[kind];
  return { shown: one.describe(request), subject: one.subject(request) };
}
