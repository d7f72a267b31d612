/**
 * Every route of the coordinator: who may use it, what goes in and what comes out.
 *
 * The server registers from this table and the OpenAPI document is made of it, so that neither can
 * say what the other does not.
 */
import { z } from 'zod';
import type { ErrorCode } from '../codes.ts';
import { Address, ChipId, SessionKey, Username } from '../fields.ts';
import { LIMITS } from '../limits.ts';
import { AuditList, AuditQuery, CheckpointAnswer, ConnectionList, HealthAnswer } from './audit.ts';
import {
  CloseSession,
  GrantRequest,
  KeyAnswer,
  KeyList,
  SessionAnswer,
  SessionList,
  SessionQuery,
} from './ceremonies.ts';
import {
  AuthorisationKeyAnswer,
  ChipAnswer,
  ChipChallengeAnswer,
  ChipChallengeRequest,
  ChipList,
  ChipPatch,
  ChipRegistration,
  ChipUnblockAnswer,
  ChipUnblockRequest,
} from './chips.ts';
import { Done, ListQuery, NewestQuery, type Role } from './common.ts';
import {
  LoginAnswer,
  LoginList,
  LoginRequest,
  LogoutRequest,
  RefreshRequest,
  SetupRequest,
  TokenAnswer,
  TokenId,
  TokenList,
  TokenRequest,
  UserAnswer,
  UserCreate,
  UserList,
  UserPatch,
} from './people.ts';
import {
  ReplacementAnswer,
  ReplacementApproval,
  ReplacementId,
  ReplacementList,
  ReplacementReceipt,
  ReplacementRequest,
  ReplacementSeal,
  ReplacementStepAnswer,
  ReplacementStepRequest,
} from './replacements.ts';

/** One route. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With `{name}` for a parameter. */
  readonly path: string;
  /** The roles of which one is needed; `anyone` needs no token. */
  readonly roles: readonly Role[] | 'anyone';
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Bytes of the body, when more than usual. */
  readonly bodyLimit?: number;
  readonly status: 200 | 201;
  /** A schema of JSON, or the media type of another answer. */
  readonly answer: z.ZodType | string;
  /** Codes besides those that every route has. */
  readonly codes: readonly ErrorCode[];
}

const EVERYBODY: readonly Role[] = ['admin', 'coordinator', 'participant', 'auditor'];
const ADMIN: readonly Role[] = ['admin'];
const OVERSIGHT: readonly Role[] = ['admin', 'auditor'];

const ofUser = z.strictObject({ username: Username });
const ofChip = z.strictObject({ se_id: ChipId });
const ofReplacement = z.strictObject({ id: ReplacementId });
const ofReplacedShard = z.strictObject({ id: ReplacementId, address: Address });
const ofKey = z.strictObject({ address: Address });
const ofSession = z.strictObject({ session_key: SessionKey });
const ofGrant = z.strictObject({ address: Address, username: Username });
const ofToken = z.strictObject({ username: Username, token_id: TokenId });
const ofLogin = z.strictObject({ username: Username, login_id: TokenId });

type Options = Partial<Omit<Route, 'method' | 'path' | 'roles' | 'answer' | 'summary'>>;

function route(
  request: `${Route['method']} /${string}`,
  roles: Route['roles'],
  summary: string,
  answer: Route['answer'],
  options: Options = {},
): Route {
  const space = request.indexOf(' ');
  const path = request.slice(space + 1);
  const method = METHODS.find((name) => request.startsWith(`${name} `)) ?? 'GET';
  return { method, path, roles, summary, answer, status: 200, codes: [], ...options };
}

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE'] as const;

const people: readonly Route[] = [
  route('POST /api/v1/setup', 'anyone', 'make the first administrator', UserAnswer, {
    body: SetupRequest,
    status: 201,
    codes: ['invalid_token', 'setup_done', 'weak_password', 'rate_limited'],
  }),
  route('POST /api/v1/auth/login', 'anyone', 'log in with a password', LoginAnswer, {
    body: LoginRequest,
    codes: ['invalid_credentials', 'rate_limited'],
  }),
  route('POST /api/v1/auth/refresh', 'anyone', 'exchange a refresh token', LoginAnswer, {
    body: RefreshRequest,
    codes: ['invalid_token', 'rate_limited'],
  }),
  route('POST /api/v1/auth/logout', EVERYBODY, 'end the login', Done, { body: LogoutRequest }),
  route('GET /api/v1/users', ['admin', 'auditor', 'coordinator'], 'list users', UserList, {
    query: ListQuery,
  }),
  route('POST /api/v1/users', ADMIN, 'add a user', UserAnswer, {
    body: UserCreate,
    status: 201,
    codes: ['user_exists', 'weak_password'],
  }),
  route('PATCH /api/v1/users/{username}', ADMIN, 'change a user', UserAnswer, {
    params: ofUser,
    body: UserPatch,
    codes: ['unknown_user', 'last_admin', 'weak_password'],
  }),
  route('POST /api/v1/users/{username}/tokens', ADMIN, 'make a token for a program', TokenAnswer, {
    params: ofUser,
    body: TokenRequest,
    status: 201,
    codes: ['unknown_user'],
  }),
  route('GET /api/v1/users/{username}/tokens', ADMIN, 'tokens of a user’s programs', TokenList, {
    params: ofUser,
    query: NewestQuery,
  }),
  route('DELETE /api/v1/users/{username}/tokens/{token_id}', ADMIN, 'void a token', Done, {
    params: ofToken,
    codes: ['unknown_token'],
  }),
  route(
    'GET /api/v1/users/{username}/logins',
    EVERYBODY,
    'logins of a user; all but administrators see their own',
    LoginList,
    { params: ofUser, query: NewestQuery },
  ),
  route(
    'DELETE /api/v1/users/{username}/logins/{login_id}',
    EVERYBODY,
    'end a login; all but administrators end their own',
    Done,
    { params: ofLogin, codes: ['unknown_login'] },
  ),
];

const chips: readonly Route[] = [
  route(
    'GET /api/v1/authorisation-key',
    EVERYBODY,
    'the key that chips are personalised with',
    AuthorisationKeyAnswer,
  ),
  route(
    'POST /api/v1/chips/challenge',
    ['admin', 'participant'],
    'a nonce for a chip to sign',
    ChipChallengeAnswer,
    { body: ChipChallengeRequest, codes: ['rate_limited'] },
  ),
  route('GET /api/v1/chips', EVERYBODY, 'list chips; participants see their own', ChipList, {
    query: ListQuery,
  }),
  route('POST /api/v1/chips', ['admin', 'participant'], 'register a chip', ChipAnswer, {
    body: ChipRegistration,
    status: 201,
    codes: [
      'chip_conflict',
      'unknown_user',
      'forbidden_role',
      'invalid_challenge',
      'invalid_proof',
    ],
  }),
  route('PATCH /api/v1/chips/{se_id}', ADMIN, 'change a chip', ChipAnswer, {
    params: ofChip,
    body: ChipPatch,
    codes: ['unknown_chip', 'chip_state', 'chip_conflict'],
  }),
  route(
    'POST /api/v1/chips/{se_id}/unblock',
    ADMIN,
    'authorise one try of the PUK of a chip whose PIN is blocked',
    ChipUnblockAnswer,
    {
      params: ofChip,
      body: ChipUnblockRequest,
      codes: [
        'unknown_chip',
        'chip_state',
        'authority_mismatch',
        'invalid_challenge',
        'rate_limited',
      ],
    },
  ),
];

const HOLDER: readonly Role[] = ['participant'];
const STEP_CODES: readonly ErrorCode[] = [
  'unknown_replacement',
  'unknown_key',
  'replacement_state',
  'replacement_busy',
  'chip_unavailable',
  'chip_mismatch',
  'invalid_certificate',
];
const SHARD = '/api/v1/chips/replacements/{id}/shards/{address}';

const replacements: readonly Route[] = [
  route(
    'GET /api/v1/chips/replacements',
    EVERYBODY,
    'list replacements of chips; participants see their own',
    ReplacementList,
    { query: ListQuery },
  ),
  route(
    'POST /api/v1/chips/replacements',
    HOLDER,
    'ask for a new chip in the place of the active one',
    ReplacementAnswer,
    {
      body: ReplacementRequest,
      status: 201,
      codes: [
        'chip_unavailable',
        'chip_conflict',
        'replacement_conflict',
        'invalid_challenge',
        'invalid_proof',
      ],
    },
  ),
  route('GET /api/v1/chips/replacements/{id}', EVERYBODY, 'a replacement', ReplacementAnswer, {
    params: ofReplacement,
    codes: ['unknown_replacement'],
  }),
  route(
    'POST /api/v1/chips/replacements/{id}/approval',
    ADMIN,
    'approve a replacement whose new fingerprint was compared',
    ReplacementAnswer,
    {
      params: ofReplacement,
      body: ReplacementApproval,
      codes: ['unknown_replacement', 'replacement_state', 'chip_mismatch'],
    },
  ),
  route(
    'DELETE /api/v1/chips/replacements/{id}',
    ['admin', 'participant'],
    'cancel a replacement before the switch',
    ReplacementAnswer,
    { params: ofReplacement, codes: ['unknown_replacement', 'replacement_state'] },
  ),
  route(
    `POST ${SHARD}/authorisation`,
    HOLDER,
    'authorise one command of one of the two chips',
    ReplacementStepAnswer,
    { params: ofReplacedShard, body: ReplacementStepRequest, codes: STEP_CODES },
  ),
  route(
    `POST ${SHARD}/ciphertext`,
    HOLDER,
    'give the ciphertext that the new chip opens',
    ReplacementAnswer,
    {
      params: ofReplacedShard,
      body: ReplacementSeal,
      bodyLimit: LIMITS.restShardBody,
      codes: STEP_CODES,
    },
  ),
  route(
    'POST /api/v1/chips/replacements/{id}/switch',
    HOLDER,
    'change from the old chip to the new one, all shards at once',
    ReplacementAnswer,
    {
      params: ofReplacement,
      codes: ['unknown_replacement', 'replacement_state', 'replacement_busy', 'chip_unavailable'],
    },
  ),
  route(
    `POST ${SHARD}/receipt`,
    HOLDER,
    'say that the old chip has deleted its record',
    ReplacementAnswer,
    { params: ofReplacedShard, body: ReplacementReceipt, codes: STEP_CODES },
  ),
];

const ceremonies: readonly Route[] = [
  route('GET /api/v1/keys', EVERYBODY, 'list keys that concern the caller', KeyList, {
    query: ListQuery,
  }),
  route('GET /api/v1/keys/{address}', EVERYBODY, 'a key and its holders', KeyAnswer, {
    params: ofKey,
    codes: ['unknown_key'],
  }),
  route('POST /api/v1/keys/{address}/grants', ADMIN, 'let a user ask for signatures', Done, {
    params: ofKey,
    body: GrantRequest,
    status: 201,
    codes: ['unknown_key', 'unknown_user'],
  }),
  route('DELETE /api/v1/keys/{address}/grants/{username}', ADMIN, 'take it back', Done, {
    params: ofGrant,
    codes: ['unknown_key'],
  }),
  route('GET /api/v1/sessions', EVERYBODY, 'list sessions that concern the caller', SessionList, {
    query: SessionQuery,
  }),
  route('GET /api/v1/sessions/{session_key}', EVERYBODY, 'a session', SessionAnswer, {
    params: ofSession,
    codes: ['unknown_session'],
  }),
  route(
    'POST /api/v1/sessions/{session_key}/cancel',
    ['admin', 'coordinator'],
    'cancel a session: its asker, or an administrator',
    SessionAnswer,
    { params: ofSession, codes: ['unknown_session', 'wrong_state'] },
  ),
  route(
    'POST /api/v1/sessions/{session_key}/close',
    ADMIN,
    'close a destruction that still waits, as not proven for those who are missing',
    SessionAnswer,
    { params: ofSession, body: CloseSession, codes: ['unknown_session', 'wrong_state'] },
  ),
];

const oversight: readonly Route[] = [
  route('GET /api/v1/connections', OVERSIGHT, 'who is connected, newest first', ConnectionList, {
    query: NewestQuery,
  }),
  route('GET /api/v1/audit', OVERSIGHT, 'list audit entries, newest first', AuditList, {
    query: AuditQuery,
  }),
  route('GET /api/v1/audit/checkpoint', OVERSIGHT, 'sign the head of the log', CheckpointAnswer, {
    codes: ['not_found'],
  }),
  route(
    'GET /api/v1/audit/export',
    OVERSIGHT,
    'the whole log with its checkpoints, for an offline check',
    'application/x-ndjson',
  ),
];

const operation: readonly Route[] = [
  route('GET /healthz', 'anyone', 'the process answers', HealthAnswer),
  route('GET /readyz', 'anyone', 'the process and its database answer', HealthAnswer, {
    codes: ['not_ready'],
  }),
  route('GET /metrics', 'anyone', 'figures for Prometheus', 'text/plain'),
  route('GET /api/v1/openapi.json', 'anyone', 'this document', 'application/json'),
  route('GET /api/v1/asyncapi.json', 'anyone', 'the WebSocket protocol', 'application/json'),
];

/** Every route, in the order of the document. */
export const ROUTES: readonly Route[] = [
  ...people,
  ...chips,
  ...replacements,
  ...ceremonies,
  ...oversight,
  ...operation,
];
