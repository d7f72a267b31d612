/** The HTTP server: the routes of the wire's table, and the upgrade of `/peer`. */
import { type Logger, messageOf } from '@quorate/holder';
import {
  COSIGNER_ROUTES,
  type CosignerRoute,
  describeIssues,
  describeJsonProblem,
  parseJson,
  PEER_LIMITS,
} from '@quorate/wire';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { CosignerError } from '../errors.ts';
import type { PeerHub } from '../peer/hub.ts';
import { upgradeHandler } from '../peer/upgrade.ts';
import type { Caller, TokenVerifier } from '../tokens.ts';
import { answerEverything, answerUnreadable } from './answers.ts';
import { type Answered, handlersOf, type RestDeps } from './handlers.ts';
import { type ListenerOptions, serverFactory } from './listener.ts';
import { problemOf, sendProblem } from './problem.ts';

const GRACE_MS = 3000;

/** The parts of the server. */
export interface ServerDeps extends RestDeps, ListenerOptions {
  readonly verify: TokenVerifier;
  readonly hub: PeerHub;
  readonly logger: Logger;
}

/** The work of one route, given a call that its own schemas have checked. */
type Handler = (call: never) => Promise<Answered<number, unknown>> | Answered<number, unknown>;

/** Makes the server; it does not listen yet. */
export function createHttp(deps: ServerDeps): FastifyInstance {
  const app: FastifyInstance = Fastify({
    bodyLimit: PEER_LIMITS.body,
    logger: false,
    forceCloseConnections: 'idle',
    // The routes refuse such requests themselves, in the form of every refusal.
    return503OnClosing: false,
    serverFactory: serverFactory(deps),
    frameworkErrors: (error, request, reply) => void answerError(deps, error, request, reply),
    clientErrorHandler: answerUnreadable,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, body: string | Buffer) => bodyOf(Buffer.from(body)),
  );
  answerEverything(app);
  answerBeforeClosing(app);
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    deps.metrics.request(route, reply.statusCode, reply.elapsedTime / 1000);
  });
  app.setErrorHandler((error, request, reply) => answerError(deps, error, request, reply));
  const handlers: Readonly<Record<string, Handler>> = handlersOf(deps);
  for (const route of COSIGNER_ROUTES) {
    const handler = handlers[route.id];
    if (handler === undefined) throw new Error(`unreachable: no handler of ${route.id}`);
    addRoute(app, route, handler, deps);
  }
  app.server.on(
    'upgrade',
    upgradeHandler((...upgrade) => deps.hub.accept(...upgrade), deps.logger),
  );
  return app;
}

function answerError(
  { logger }: Pick<ServerDeps, 'logger'>,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { code, detail } = problemOf(error, request);
  if (code === 'internal') {
    logger.error({ route: request.url, error: messageOf(error) }, 'request failed');
  }
  return sendProblem(reply, code, detail);
}

/** Requests in progress when the server stops still get their answer; a slow one only for so long. */
function answerBeforeClosing(app: FastifyInstance): void {
  let grace: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    grace = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
  });
  app.addHook('onSend', async (_request, reply) => {
    if (grace !== undefined) reply.header('connection', 'close');
  });
  app.addHook('onClose', async () => clearTimeout(grace));
}

/** The caller, while the request is being answered. */
const callers = new WeakMap<FastifyRequest, string>();

function addRoute(
  app: FastifyInstance,
  route: CosignerRoute,
  handler: Handler,
  deps: ServerDeps,
): void {
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    // Before the body is read: nobody without permission gets one read.
    preParsing: async (request) => {
      const caller = await admit(route, request, deps);
      if (caller !== undefined) callers.set(request, caller.name);
    },
    handler: async (request, reply) => {
      const call = {
        caller: callers.get(request) ?? '',
        params: checked(route.params, request.params, 'params'),
        query: checked(route.query, request.query, 'query'),
        body: checked(route.body, request.body ?? {}, 'body'),
      };
      // The table loses which schema belongs to which handler; `Handlers` has tied each handler to its own.
      const { status, body } = await handler(call as never);
      reply.code(status);
      if (typeof route.answer === 'string' && route.answer !== 'application/json') {
        return reply.type(deps.metrics.contentType).send(body);
      }
      return reply.type('application/json').send(JSON.stringify(body));
    },
  });
}

async function admit(
  { roles }: CosignerRoute,
  request: FastifyRequest,
  { verify, doors }: ServerDeps,
): Promise<Caller | undefined> {
  if (roles === 'anyone') return undefined;
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined) {
    throw new CosignerError('unauthorised');
  }
  const caller = await verify(token);
  doors.know(request.socket.remoteAddress);
  if (!roles.some((role) => caller.roles.includes(role))) throw new CosignerError('forbidden');
  return caller;
}

function checked<T>(
  schema: z.ZodType<T> | undefined,
  value: unknown,
  where: string,
): T | undefined {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CosignerError('invalid_request', `${where}: ${describeIssues(parsed.error)}`);
}

function bodyOf(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return {};
  const json = parseJson(bytes);
  if (json.ok) return json.value;
  throw new CosignerError('invalid_request', `the body: ${describeJsonProblem(json)}`);
}
