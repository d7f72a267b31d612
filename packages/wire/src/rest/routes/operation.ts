/** Routes for the process and its documents. */
import { HealthAnswer } from '../audit.ts';
import { type RouteTable } from './route.ts';

/** Routes for the state of the process, and for the documents of its interfaces. */
export const OPERATION_ROUTES = {
  'GET /healthz': { roles: 'anyone', summary: 'the process answers', answer: HealthAnswer },
  'GET /readyz': {
    roles: 'anyone',
    summary: 'the process and its database answer',
    answer: HealthAnswer,
    codes: ['not_ready'],
  },
  'GET /metrics': { roles: 'anyone', summary: 'metrics for Prometheus', answer: 'text/plain' },
  'GET /api/v1/openapi.json': {
    roles: 'anyone',
    summary: 'this document',
    answer: 'application/json',
  },
  'GET /api/v1/asyncapi.json': {
    roles: 'anyone',
    summary: 'the WebSocket protocol',
    answer: 'application/json',
  },
} satisfies RouteTable;

/** The name of one of them. */
export type OperationRoute = keyof typeof OPERATION_ROUTES;
