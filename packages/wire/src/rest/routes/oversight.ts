/** Routes of overseers. */
import { AuditList, AuditQuery, CheckpointAnswer, ConnectionList } from '../audit.ts';
import { NewestQuery } from '../common.ts';
import { OVERSIGHT, type RouteTable } from './route.ts';

/** Routes of the connections and the audit log. */
export const OVERSIGHT_ROUTES = {
  'GET /api/v1/connections': {
    roles: OVERSIGHT,
    summary: 'list connections, newest first',
    query: NewestQuery,
    answer: ConnectionList,
  },
  'GET /api/v1/audit': {
    roles: OVERSIGHT,
    summary: 'list audit entries, newest first',
    query: AuditQuery,
    answer: AuditList,
  },
  'GET /api/v1/audit/checkpoint': {
    roles: OVERSIGHT,
    summary: 'sign the head of the log',
    answer: CheckpointAnswer,
    codes: ['not_found'],
  },
  'GET /api/v1/audit/export': {
    roles: OVERSIGHT,
    summary: 'the whole log with its checkpoints, for an offline check',
    answer: 'application/x-ndjson',
  },
} satisfies RouteTable;

/** The name of one of them. */
export type OversightRoute = keyof typeof OVERSIGHT_ROUTES;
