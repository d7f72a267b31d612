import type { FastifyInstance } from 'fastify';
import type { RestDeps } from './call.ts';
import { chipHandlers } from './chips.ts';
import { ApiError, apiErrorOf, sendProblem } from './errors.ts';
import { keyHandlers } from './keys.ts';
import { operationHandlers } from './operation.ts';
import { oversightHandlers } from './oversight.ts';
import { addParser } from './parser.ts';
import { peopleHandlers } from './people.ts';
import { replacementHandlers } from './replacements.ts';
import { addRoutes } from './route.ts';
import { sessionHandlers } from './sessions.ts';

export type { RestDeps } from './call.ts';
export { createMetrics, type Metrics } from './metrics.ts';

/**
 * Adds the REST interface of docs/spec/wire.md §12 to a server: every route of the wire's table.
 *
 * It has a scope of its own, so that its parser and its metrics affect no other answer of the server.
 */
export function registerRest(app: FastifyInstance, deps: RestDeps): void {
  app.register(async (scope) => {
    addParser(scope);
    scope.addHook('onResponse', async (request, reply) => {
      deps.metrics.observe({
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.statusCode,
        seconds: reply.elapsedTime / 1000,
      });
    });
    scope.setErrorHandler((error, request, reply) => {
      const known = apiErrorOf(error, request);
      if (known.code === 'internal' || known.code === 'store_unavailable')
        deps.onError(error, request.routeOptions.url ?? 'unknown');
      return sendProblem(reply, known, deps.language ?? 'en');
    });
    addRoutes(
      scope,
      {
        ...peopleHandlers(deps),
        ...chipHandlers(deps),
        ...replacementHandlers(deps),
        ...keyHandlers(deps),
        ...sessionHandlers(deps),
        ...oversightHandlers(deps),
        ...operationHandlers(deps),
      },
      deps,
    );
    scope.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url: '/api/*',
      preParsing: async () => {
        throw new ApiError('not_found', 'no such route');
      },
      handler: async () => undefined,
    });
  });
}
