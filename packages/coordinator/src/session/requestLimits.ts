/** Limits how much one user may ask for at once, so that the others get their turn. */
import type { RequestLimits } from '../limits/defaults.ts';
import type { Tx } from '../store/database.ts';
import { type Refusal, refuse } from './refusal.ts';
import { countOpen, countUnanswered } from './repository.ts';

/** Refuses a request above a limit, and names the limit. */
export async function excess(
  tx: Tx,
  { openSessions, unansweredPerParticipant }: RequestLimits,
  asker: string,
  participants: readonly string[],
): Promise<Refusal | undefined> {
  const open = await countOpen(tx, asker);
  if (open >= openSessions) {
    const details = `you have ${open} open sessions, at most ${openSessions} (limits.open_sessions)`;
    return refuse('too_many_sessions', details);
  }
  for (const username of new Set(participants)) {
    const unanswered = await countUnanswered(tx, asker, username);
    if (unanswered < unansweredPerParticipant) continue;
    const limit = `at most ${unansweredPerParticipant} (limits.unanswered_per_participant)`;
    const details = `${unanswered} requests of yours wait for an answer from ${username}, ${limit}`;
    return refuse('too_many_sessions', details);
  }
  return undefined;
}
