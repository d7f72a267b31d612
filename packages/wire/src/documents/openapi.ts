/** The REST interface as an OpenAPI 3.1 document, made from the table of routes. */
import type { z } from 'zod';
import { CODES, type ErrorCode } from '../codes.ts';
import { type Route, ROUTES } from '../rest/routes/index.ts';
import { VERSION } from '../version.ts';
import { type JsonObject, jsonSchemas, reachableFrom, referenceTo, schemaOf } from './schemas.ts';

const DIALECT = 'draft-2020-12';

/** Builds the document. */
export function openapi(): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of ROUTES) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Quorate coordinator',
      version: VERSION,
      description: 'Users, chips, keys, sessions and the audit log of a coordinator.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: reachableFrom(paths, jsonSchemas(DIALECT, 'rest')),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

/** The error codes of a route. */
export function codesOf(route: Route): readonly ErrorCode[] {
  const codes: ErrorCode[] = [...route.codes];
  if (route.roles !== 'anyone') codes.push('unauthorised', 'forbidden');
  if (route.params ?? route.query ?? route.body) codes.push('invalid_request');
  if (route.body) codes.push('payload_too_large', 'unsupported_media_type');
  return codes;
}

function operationOf(route: Route): JsonObject {
  const { roles, params, query, body } = route;
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(roles === 'anyone'
      ? { security: [] }
      : { security: [{ bearer: [] }], description: `Roles: ${roles.join(', ')}.` }),
    ...(params || query
      ? { parameters: [...parametersOf(params, 'path'), ...parametersOf(query, 'query')] }
      : {}),
    ...(body ? { requestBody: { required: true, content: json(schemaOf(body, DIALECT)) } } : {}),
    responses: responsesOf(route),
  };
}

function parametersOf(schema: z.ZodObject | undefined, where: 'path' | 'query'): JsonObject[] {
  if (schema === undefined) return [];
  const { properties = {} } = schemaOf(schema, DIALECT) as { properties?: JsonObject };
  return Object.entries(properties).map(([name, value]) => ({
    name,
    in: where,
    required: where === 'path',
    schema: value,
  }));
}

function responsesOf(route: Route): Record<string, JsonObject> {
  const { answer } = route;
  const responses: Record<string, JsonObject> = {
    [route.status]: {
      description: 'done',
      content:
        typeof answer === 'string'
          ? {
              [answer]: {
                schema: answer === 'application/json' ? { type: 'object' } : { type: 'string' },
              },
            }
          : json(schemaOf(answer, DIALECT)),
    },
  };
  const codes = codesOf(route);
  for (const status of new Set(codes.map((code) => CODES[code].http))) {
    responses[status] = {
      description: codes.filter((code) => CODES[code].http === status).join(', '),
      content: { 'application/problem+json': { schema: referenceTo('Problem') } },
    };
  }
  return responses;
}

function json(schema: JsonObject): JsonObject {
  return { 'application/json': { schema } };
}

/** `GET /api/v1/users/{username}` becomes `get_users_username`. */
function operationId({ method, path }: Route): string {
  const words = path.replace('/api/v1', '').match(/[a-z_]+/g) ?? [];
  return [method.toLowerCase(), ...words].join('_');
}
