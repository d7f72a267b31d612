import { asyncapi, openapi, type OperationRoute } from '@quorate/wire';
import { Content, type Handlers, type RestDeps } from './call.ts';
import { ApiError } from './errors.ts';

/** Routes for the state of the process, and for the documents of its interfaces. */
export function operationHandlers({ health, metrics }: RestDeps): Handlers<OperationRoute> {
  return {
    'GET /healthz': async () => ({ status: 'ok' }),
    'GET /readyz': async () => {
      const problem = await health.problem();
      if (problem !== undefined) throw new ApiError('not_ready', problem);
      const warnings = health.warnings();
      const parts = [...health.parts()];
      return { status: 'ok', ...(warnings.length === 0 ? {} : { warnings: [...warnings] }), parts };
    },
    'GET /metrics': async () =>
      new Content(metrics.registry.contentType, await metrics.registry.metrics()),
    'GET /api/v1/openapi.json': async () => openapi(),
    'GET /api/v1/asyncapi.json': async () => asyncapi(),
  };
}
