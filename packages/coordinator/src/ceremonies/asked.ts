/** The parts of a request that every kind checks and fixes alike. */
import type { CommonRequest } from '@quorate/wire';
import type { Asker, RequestContext } from '../session/ceremony.ts';
import { type Refusal, refuse } from '../session/refusal.ts';
import type { Requested } from '../session/types.ts';

/** Fixes who asked for what, and how long each wait may take. */
export function askedFor(
  { deadlines }: Pick<RequestContext, 'deadlines'>,
  { username, at }: Pick<Asker, 'username' | 'at'>,
  request: Pick<CommonRequest, 'session_key' | 'threshold' | 'total_parts'>,
): Omit<Requested, 'kind' | 'parties' | 'warnings'> {
  return {
    type: 'requested',
    at,
    sessionKey: request.session_key,
    coordinator: username,
    threshold: request.threshold,
    totalParts: request.total_parts,
    deadlines,
  };
}

/** Refuses a list that names a participant twice. */
export function distinct(participants: readonly string[]): Refusal | undefined {
  const twice = participants.find((name, at) => participants.indexOf(name) !== at);
  if (twice === undefined) return undefined;
  return refuse('invalid_participants', `${twice} is named twice`);
}
