/** Words a take-over of a registration for the audit log. */
import type { Client } from '../delivery/hub.ts';
import type { Note } from './connectionService.ts';

/**
 * Details of a take-over: two processes with one registration look like this, and an operator has
 * to see it.
 */
export function takeOverOf({ origin, recipient }: Client, remote: string): Note['details'] {
  const { role, client } = recipient;
  const before = { replaced_remote: origin.remote, replaced_since: origin.since };
  const details = { code: 'replaced', role, remote, ...before };
  return client === '' ? details : { ...details, client_id: client };
}
