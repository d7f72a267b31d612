/**
 * Asks for consent for as long as an invitation is open: the coordinator's time for it runs out also while this
 * machine sleeps, and consent that comes after that is none.
 */
import type { Approval } from '@quorate/holder';
import type { Kind } from '@quorate/wire';
import type { ApprovalQuestionOf } from '../approval/request.ts';
import type { CeremonyContext } from './context.ts';
import { SessionLimit } from './limit.ts';

/**
 * Asks; undefined when the invitation expired first. A clock ahead of the coordinator's finds every invitation
 * expired: a decision made at once counts even so, and the coordinator judges.
 */
export async function askInTime(
  context: CeremonyContext,
  question: ApprovalQuestionOf<Kind>,
  expiresAt: number,
  life: AbortSignal,
): Promise<Approval | undefined> {
  const now = context.now();
  const left = Math.max(expiresAt - now, 0);
  const expiry = new AbortController();
  const limit = new SessionLimit(context, now + left, left, () =>
    expiry.abort('the invitation expired'),
  );
  const late = new Promise<undefined>((resolve) => {
    expiry.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  try {
    const request = { ...question, timeLeft: left };
    const asked = context.approve(request, AbortSignal.any([life, expiry.signal]));
    const approval = await Promise.race([asked, late]);
    return left > 0 && limit.passed ? undefined : approval;
  } finally {
    limit.stop();
  }
}
