import { Readable } from 'node:stream';
import {
  AuditQuery,
  asyncapi,
  type CheckpointAnswer,
  type ConnectionEntry,
  type ConnectionList,
  NewestQuery,
  openapi,
} from '@quorate/wire';
import type { Client } from '../delivery/hub.ts';
import type { Handlers, RestDeps } from './call.ts';
import { Content, parse } from './call.ts';
import { ApiError } from './errors.ts';

/** The audit log, the documents, and the state of the process. */
export function oversightHandlers(deps: RestDeps): Handlers {
  const { audit, clock, health, metrics } = deps;
  return {
    'GET /api/v1/connections': async ({ request }): Promise<ConnectionList> => {
      const { limit } = parse(NewestQuery, request.query);
      const newest = deps.hub.all().sort((a, b) => b.origin.since - a.origin.since);
      return { connections: newest.slice(0, limit).map(connectionEntry) };
    },
    'GET /api/v1/audit': async ({ request }) => {
      const { limit, ...filter } = parse(AuditQuery, request.query);
      const entries = await audit.list({ ...filter, limit: limit + 1 });
      const page = entries.slice(0, limit);
      const last = page.at(-1)?.seq;
      return {
        entries: page,
        ...(entries.length > limit && last !== undefined ? { next: last } : {}),
      };
    },
    'GET /api/v1/audit/checkpoint': async (): Promise<CheckpointAnswer> => {
      const checkpoint = await audit.checkpoint();
      if (checkpoint === undefined) throw new ApiError('not_found', 'the log is empty');
      return { ...checkpoint, public_key: audit.publicKey };
    },
    'GET /api/v1/audit/export': async ({ identity }) => {
      const actor = identity.username;
      const action = 'audit.export';
      await audit.record({
        at: clock.now(),
        actor,
        action,
        subject: '',
        outcome: 'ok',
        details: {},
      });
      return new Content('application/x-ndjson; charset=utf-8', Readable.from(audit.export()));
    },
    'GET /healthz': async () => ({ status: 'ok' }),
    'GET /readyz': async () => {
      const problem = await health.problem();
      if (problem !== undefined) throw new ApiError('not_ready', problem);
      const warnings = health.warnings();
      const parts = [...health.parts()];
      return { status: 'ok', ...(warnings.length === 0 ? {} : { warnings }), parts };
    },
    'GET /metrics': async () =>
      new Content(metrics.registry.contentType, await metrics.registry.metrics()),
    'GET /api/v1/openapi.json': async () => openapi(),
    'GET /api/v1/asyncapi.json': async () => asyncapi(),
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
