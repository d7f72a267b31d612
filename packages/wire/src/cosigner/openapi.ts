/**
 * The REST interface of the two-party server as an OpenAPI 3.1 document.
 */
import { z } from 'zod';
import {
  type JsonObject,
  namedSchemas,
  reachableFrom,
  referenceTo,
  schemaOf,
} from '../documents/schemas.ts';
import * as fields from '../fields.ts';
import { Problem } from '../rest/common.ts';
import { VERSION } from '../version.ts';
import { COSIGNER_CODES } from './codes.ts';
import * as envelope from './envelope.ts';
import * as rest from './rest.ts';
import { type CosignerRoute, COSIGNER_ROUTES, cosignerCodesOf } from './routes.ts';

const DIALECT = 'draft-2020-12';

/** Builds the document. */
export function cosignerOpenapi(): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of COSIGNER_ROUTES) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operationOf(route);
  }
  const schemas = namedSchemas([fields, envelope, rest, { Problem }], DIALECT);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Quorate cosigner',
      version: VERSION,
      description: 'Keys and signatures of two parties, each a server of its own.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: reachableFrom(paths, schemas),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function operationOf(route: CosignerRoute): JsonObject {
  const { roles, body } = route;
  const parameters = [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')];
  return {
    operationId: route.id,
    summary: route.summary,
    ...(roles === 'anyone'
      ? { security: [] }
      : { security: [{ bearer: [] }], description: `Roles: ${roles.join(', ')}.` }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? { requestBody: { required: true, content: contentOf('application/json', body) } }
      : {}),
    responses: { ...successes(route), ...failures(route) },
  };
}

function parametersOf(schema: z.ZodObject | undefined, where: 'path' | 'query'): JsonObject[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
    name,
    in: where,
    required: where === 'path',
    schema: field instanceof z.ZodType ? schemaOf(field, DIALECT) : {},
  }));
}

function successes({ statuses, answer }: CosignerRoute): Record<string, JsonObject> {
  const content =
    typeof answer === 'string'
      ? { [answer]: { schema: { type: answer === 'application/json' ? 'object' : 'string' } } }
      : contentOf('application/json', answer);
  const described = { 200: 'done', 202: 'begun', 503: 'not ready' };
  return Object.fromEntries(
    statuses.map((status) => [status, { description: described[status], content }]),
  );
}

function failures(route: CosignerRoute): Record<string, JsonObject> {
  const responses: Record<string, JsonObject> = {};
  for (const code of cosignerCodesOf(route)) {
    const status = COSIGNER_CODES[code].http;
    const before = responses[status]?.['description'];
    responses[status] = {
      description: typeof before === 'string' ? `${before}, ${code}` : code,
      content: { 'application/problem+json': { schema: referenceTo('Problem') } },
    };
  }
  return responses;
}

function contentOf(type: string, schema: z.ZodType): JsonObject {
  return { [type]: { schema: schemaOf(schema, DIALECT) } };
}
