/** A person decides at a terminal, one question at a time. */
import { toHex } from '@quorate/intent';
import type { Terminal } from '../terminal/terminal.ts';
import { createAsker, type Subject } from './asker.ts';
import { describe } from './describe.ts';
import type { ApprovalRequest, Approve } from './index.ts';

/** Makes the decider that asks at a terminal, which is its own from now on. */
export function approveByPrompt(terminal: Terminal): Approve {
  const ask = createAsker(terminal);
  return async (request, signal) => {
    const [title = '', ...lines] = describe(request);
    const { timeLeft } = request;
    const answer = await ask({ title, lines, subject: subjectOf(request), timeLeft }, signal);
    if (answer === 'void') return { accept: false, reason: 'expired before it was answered' };
    if (answer === 'closed') {
      return { accept: false, reason: 'declined: the terminal is closed, nobody can answer there' };
    }
    return answer;
  };
}

function subjectOf(request: ApprovalRequest): Subject {
  switch (request.kind) {
    case 'keygen':
      return { name: 'digest of this request', hex: toHex(request.intent) };
    case 'sign':
      return { name: 'digest', hex: toHex(request.digest) };
    case 'destroy':
      return { name: 'address', hex: request.address };
  }
}
