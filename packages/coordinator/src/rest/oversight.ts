import { Readable } from 'node:stream';
import type { ConnectionEntry, OversightRoute } from '@quorate/wire';
import type { Client } from '../delivery/hub.ts';
import { Content, type Handlers, type RestDeps } from './call.ts';
import { ApiError } from './errors.ts';

/** Routes for the connections and the audit log. */
export function oversightHandlers({ audit, clock, hub }: RestDeps): Handlers<OversightRoute> {
  return {
    'GET /api/v1/connections': async ({ query: { limit } }) => {
      const newest = hub.all().sort((a, b) => b.origin.since - a.origin.since);
      return { connections: newest.slice(0, limit).map(connectionEntry) };
    },
    'GET /api/v1/audit': async ({ query: { limit, ...filter } }) => {
      const entries = await audit.list({ ...filter, limit: limit + 1 });
      const page = entries.slice(0, limit);
      const last = page.at(-1)?.seq;
      return {
        entries: page,
        ...(entries.length > limit && last !== undefined ? { next: last } : {}),
      };
    },
    'GET /api/v1/audit/checkpoint': async () => {
      const checkpoint = await audit.checkpoint();
      if (checkpoint === undefined) throw new ApiError('not_found', 'the log is empty');
      return { ...checkpoint, public_key: audit.publicKey };
    },
    'GET /api/v1/audit/export': async ({ identity: { username: actor } }) => {
      const event = { at: clock.now(), actor, action: 'audit.export', subject: '' } as const;
      await audit.record({ ...event, outcome: 'ok', details: {} });
      return new Content('application/x-ndjson; charset=utf-8', Readable.from(audit.export()));
    },
  };
}

function connectionEntry({ recipient, identity, origin, replaced }: Client): ConnectionEntry {
  const { username, role, client } = recipient;
  const { tokenId, loginId } = identity;
  return {
    username,
    role,
    ...(client === '' ? {} : { client_id: client }),
    ...origin,
    token_id: tokenId,
    ...(loginId === undefined ? {} : { login_id: loginId }),
    ...(replaced === undefined ? {} : { replaced }),
  };
}
