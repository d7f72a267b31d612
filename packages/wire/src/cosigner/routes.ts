/**
 * Every route of the two-party server. The server registers from this table, its handlers take their types
 * from it, and the OpenAPI document is made from it.
 */
import { z } from 'zod';
import type { CosignerCode } from './codes.ts';
import { TwoPartySessionId } from './envelope.ts';
import {
  ApproveRequest,
  CosignerHealth,
  CosignerRole,
  DeclineRequest,
  RetireRequest,
  TwoPartyKey,
  TwoPartyKeygenRequest,
  TwoPartyKeyList,
  TwoPartyRefreshRequest,
  TwoPartySession,
  TwoPartySessionList,
  TwoPartySessionQuery,
  TwoPartySignRequest,
} from './rest.ts';

/** The terms of a route: who may use it, what it takes and what it answers. */
interface CosignerRouteTerms {
  readonly method: 'GET' | 'POST';
  /** With `{name}` for a parameter. */
  readonly path: string;
  /** One of these roles is needed; `anyone` needs no token. */
  readonly roles: readonly CosignerRole[] | 'anyone';
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Every status of success. */
  readonly statuses: readonly (200 | 202 | 503)[];
  /** A JSON schema, or the media type of another answer. */
  readonly answer: z.ZodType | 'application/json' | 'text/plain';
  /** Codes besides those of every route. */
  readonly codes: readonly CosignerCode[];
}

/** One route with its name. */
export interface CosignerRoute extends CosignerRouteTerms {
  readonly id: string;
}

const READERS: readonly CosignerRole[] = ['operator', 'signer', 'approver', 'viewer'];
const ofSession = z.strictObject({ session_id: TwoPartySessionId });
const orders = { method: 'POST', statuses: [200, 202], answer: TwoPartySession } as const;
const reads = { method: 'GET', statuses: [200], roles: READERS } as const;
const open = { method: 'GET', statuses: [200], roles: 'anyone', codes: [] } as const;
const REQUEST_CODES: readonly CosignerCode[] = [
  'unknown_partner',
  'request_conflict',
  'not_capable',
  'too_many_sessions',
  'stopping',
];
const KEY_CODES: readonly CosignerCode[] = [
  'unknown_key',
  'key_pending',
  'key_retired',
  'invalid_certificate',
];

const TABLE = {
  keygen: {
    ...orders,
    path: '/api/v1/keygen/two-party',
    roles: ['operator'],
    summary: 'make a key with a partner',
    body: TwoPartyKeygenRequest,
    codes: REQUEST_CODES,
  },
  sign: {
    ...orders,
    path: '/api/v1/sign/two-party',
    roles: ['signer'],
    summary: 'sign a message together with a partner',
    body: TwoPartySignRequest,
    codes: [...REQUEST_CODES, ...KEY_CODES, 'key_rolled_back', 'key_locked'],
  },
  refresh: {
    ...orders,
    path: '/api/v1/refresh/two-party',
    roles: ['operator'],
    summary: 'make new shares and a new Paillier key for the same address; unlocks the key',
    body: TwoPartyRefreshRequest,
    codes: [...REQUEST_CODES, ...KEY_CODES, 'wrong_side', 'refresh_running'],
  },
  sessions: {
    ...reads,
    path: '/api/v1/sessions',
    summary: 'list sessions, newest first',
    query: TwoPartySessionQuery,
    answer: TwoPartySessionList,
    codes: [],
  },
  session: {
    ...reads,
    path: '/api/v1/sessions/{session_id}',
    summary: 'one session',
    params: ofSession,
    answer: TwoPartySession,
    codes: ['unknown_session'],
  },
  approve: {
    method: 'POST',
    statuses: [200],
    path: '/api/v1/sessions/{session_id}/approve',
    roles: ['approver'],
    summary: 'approve the request of a partner; for a signature, by the digest that was reviewed',
    params: ofSession,
    body: ApproveRequest,
    answer: TwoPartySession,
    codes: ['unknown_session', 'not_awaiting_approval', 'digest_mismatch'],
  },
  decline: {
    method: 'POST',
    statuses: [200],
    path: '/api/v1/sessions/{session_id}/decline',
    roles: ['approver'],
    summary: 'decline the request of a partner',
    params: ofSession,
    body: DeclineRequest,
    answer: TwoPartySession,
    codes: ['unknown_session', 'not_awaiting_approval'],
  },
  keys: {
    ...reads,
    path: '/api/v1/keys',
    summary: 'list the keys of this store; never a share',
    answer: TwoPartyKeyList,
    codes: [],
  },
  retire: {
    method: 'POST',
    statuses: [200],
    path: '/api/v1/keys/{session_id}/retire',
    roles: ['operator'],
    summary:
      'retire a key of this side permanently: deletes its half; the other side keeps its own',
    params: ofSession,
    body: RetireRequest,
    answer: TwoPartyKey,
    codes: ['unknown_key', 'key_pending', 'address_mismatch', 'stopping'],
  },
  healthz: { ...open, path: '/healthz', summary: 'the process runs', answer: CosignerHealth },
  readyz: {
    ...open,
    path: '/readyz',
    summary: 'a partner is connected',
    statuses: [200, 503],
    answer: CosignerHealth,
  },
  metrics: { ...open, path: '/metrics', summary: 'Prometheus', answer: 'text/plain' },
  openapi: {
    ...open,
    path: '/api/v1/openapi.json',
    summary: 'this document',
    answer: 'application/json',
  },
} satisfies Readonly<Record<string, CosignerRouteTerms>>;

/** The table of routes, by name. */
export type CosignerRoutes = typeof TABLE;

/** Every route, in the order of the document. */
export const COSIGNER_ROUTES: readonly CosignerRoute[] = Object.entries(TABLE).map(
  ([id, terms]) => ({ id, ...terms }),
);

/** The error codes of a route. */
export function cosignerCodesOf(route: CosignerRoute): readonly CosignerCode[] {
  const codes: CosignerCode[] = [...route.codes];
  const { roles } = route;
  if (roles !== 'anyone') {
    codes.push('unauthorised');
    // Where every role is allowed, no valid token lacks the role.
    if (CosignerRole.options.some((role) => !roles.includes(role))) codes.push('forbidden');
  }
  if (route.params ?? route.query ?? route.body) codes.push('invalid_request');
  if (route.body) codes.push('payload_too_large', 'unsupported_media_type');
  return codes;
}
