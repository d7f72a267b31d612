import {
  addressGroup,
  describeIssues,
  LIMITS,
  type Route,
  type Routes,
  ROUTES,
} from '@quorate/wire';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { z } from 'zod';
import type { Identity } from '../auth/index.ts';
import { RATES } from '../limits/defaults.ts';
import { createRestRates, type RestRates } from '../limits/restRates.ts';
import type { RateLimit } from '../limits/windows.ts';
import { Content, type Handlers, type RestDeps } from './call.ts';
import { ApiError } from './errors.ts';

const METHODS: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const NOBODY: Identity = { username: '', roles: [], expiresAt: 0, tokenId: '' };

const REFRESH = '/api/v1/auth/refresh';

/** The work of one route, given a call that its own schemas have checked. */
type Handler = (call: never) => Promise<unknown>;

/** Registers every route of the wire's table with its handler. */
export function addRoutes(
  scope: FastifyInstance,
  handlers: Handlers<keyof Routes>,
  deps: RestDeps,
): void {
  const limits = createRestRates(deps.rates ?? RATES, () => deps.clock.elapsed());
  const byName: Readonly<Record<string, Handler>> = handlers;
  for (const route of ROUTES) {
    const handle = byName[route.name];
    if (handle === undefined) throw new Error(`unreachable: no handler for ${route.name}`);
    addRoute(scope, route, handle, (request) => admit(route, request, deps, limits));
  }
  for (const path of new Set(ROUTES.map((route) => route.path))) refuseOtherMethods(scope, path);
}

function addRoute(
  scope: FastifyInstance,
  route: Route,
  handle: Handler,
  admitted: (request: FastifyRequest) => Promise<Identity>,
): void {
  scope.route({
    method: route.method,
    url: urlOf(route.path),
    exposeHeadRoute: false,
    bodyLimit: route.bodyLimit ?? LIMITS.restBody,
    preParsing: async (request) => {
      // Before the body is read, so that a stranger cannot make the server process one.
      identities.set(request, await admitted(request));
    },
    handler: async (request, reply) => {
      const identity = identities.get(request) ?? NOBODY;
      const call = { request, identity, ...partsOf(route, request) };
      // The table loses which schema belongs to which handler; `Handlers` has tied each handler to its own.
      const answer = await handle(call as never);
      if (!(answer instanceof Content)) return send(reply, route.status, answer);
      // Returns the body instead of the reply: a sent reply is a thenable without a value.
      reply.status(route.status).type(answer.type);
      return answer.body;
    },
  });
}

/** Checks every part of a request that its route takes, without relying on the framework's checks. */
function partsOf(
  { params, query, body }: Route,
  request: FastifyRequest,
): Record<'params' | 'query' | 'body', unknown> {
  if (query === undefined && hasFields(request.query)) {
    throw new ApiError('invalid_request', 'this route takes no query');
  }
  return {
    params: parse(params, request.params),
    query: parse(query, request.query),
    body: parse(body, request.body),
  };
}

function parse(schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  throw new ApiError('invalid_request', {
    en: describeIssues(result.error),
    zhCN: describeIssues(result.error, 'zh-CN'),
  });
}

const identities = new WeakMap<FastifyRequest, Identity>();

/** Checks rate, bearer token and role before anything else of the request. */
async function admit(
  route: Route,
  request: FastifyRequest,
  deps: RestDeps,
  limits: RestRates,
): Promise<Identity> {
  if (route.roles === 'anyone') {
    const limit = route.path === REFRESH ? limits.refreshes : limits.logins;
    if (route.method !== 'GET') takeUse(limit, addressGroup(deps.addresses.of(request.raw)));
    checkIntact(route, deps);
    return NOBODY;
  }
  const header = request.headers.authorization ?? '';
  const [, token] = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(header) ?? [];
  if (token === undefined) throw new ApiError('unauthorised', 'a bearer token is needed');
  const identity = await deps.auth.tokens.verify(token);
  if ('refused' in identity) {
    throw new ApiError('invalid_token', identity.told ?? 'log in again');
  }
  takeUse(limits.requests, identity.username);
  const needed = route.roles;
  if (identity.roles.some((role) => needed.includes(role))) {
    checkIntact(route, deps);
    return identity;
  }
  await noteForbidden(route.name, identity, deps);
  throw new ApiError('forbidden', `needs one of: ${needed.join(', ')}`);
}

/**
 * Logs one entry for a user and route in a minute, then a count, so that a user's own program cannot fill the
 * log.
 */
async function noteForbidden(
  subject: string,
  { username: actor }: Identity,
  { audit, tally, clock }: RestDeps,
): Promise<void> {
  const kind = { actor, action: 'rest.forbidden', outcome: 'refused' } as const;
  if (!tally.first({ ...kind, code: subject })) return;
  await audit.record({ ...kind, at: clock.now(), subject, details: {} });
}

/** Routes that stay open when the audit log is not intact: reading, logging in, and ending a session. */
const ALWAYS = /^\/api\/v1\/(auth\/.*|sessions\/\{session_key\}\/cancel)$/;

function checkIntact({ method, path }: Route, { audit }: RestDeps): void {
  const problem = audit.problem();
  if (problem === undefined || method === 'GET' || ALWAYS.test(path)) return;
  throw new ApiError('audit_broken', problem);
}

function refuseOtherMethods(scope: FastifyInstance, path: string): void {
  const known = new Set<string>(
    ROUTES.flatMap((each) => (each.path === path ? [each.method] : [])),
  );
  const allowed = [...known].join(', ');
  scope.route({
    method: METHODS.filter((method) => !known.has(method)),
    url: urlOf(path),
    preParsing: async (_request, reply) => {
      reply.header('allow', allowed);
      throw new ApiError('method_not_allowed', `allowed: ${allowed}`);
    },
    handler: async () => undefined,
  });
}

function takeUse(limit: RateLimit, key: string): void {
  const wait = limit.take(key);
  if (wait > 0) {
    throw new ApiError('rate_limited', `try again in ${Math.ceil(wait / 1000)} seconds`, wait);
  }
}

function send(reply: FastifyReply, status: number, answer: unknown): FastifyReply {
  return reply.status(status).type('application/json; charset=utf-8').send(JSON.stringify(answer));
}

function hasFields(query: unknown): boolean {
  return typeof query === 'object' && query !== null && Object.keys(query).length > 0;
}

/** OpenAPI writes `{name}`, the router `:name`. */
function urlOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}
