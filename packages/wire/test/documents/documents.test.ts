import { Validator } from '@seriousme/openapi-schema-validator';
import asyncapiSpecs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import {
  asyncapi,
  ClientMessage,
  codesOf,
  jsonSchemas,
  openapi,
  ROUTES,
  ServerMessage,
} from '../../src/index.ts';

const everyReference = (value: unknown): string[] =>
  [...JSON.stringify(value).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '');

const resolves = (document: unknown, reference: string): boolean => {
  let at: unknown = document;
  for (const step of reference.slice(2).split('/')) {
    at = typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined;
  }
  return at !== undefined;
};

describe('the OpenAPI document', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    const result = await new Validator().validate(openapi());
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
  });

  it('is refused by the validator when an operation loses its responses', async () => {
    const text = JSON.stringify(openapi()).replace('"responses"', '"answers"');
    const result = await new Validator().validate(JSON.parse(text));
    expect(result.valid).toBe(false);
  });

  it('resolves every reference and names every operation once', () => {
    const document = openapi();
    for (const reference of everyReference(document))
      expect(resolves(document, reference)).toBe(true);
    const ids = [...JSON.stringify(document).matchAll(/"operationId":"([^"]+)"/g)].map((m) => m[1]);
    expect(ids).toHaveLength(ROUTES.length);
    expect(new Set(ids).size).toBe(ROUTES.length);
  });

  it('1.9.16 has no field for a shard, a share or a certificate', () => {
    expect(JSON.stringify(jsonSchemas('draft-2020-12', 'rest').SessionAnswer)).toBeDefined();
    for (const name of [
      'KeyAnswer',
      'KeySummary',
      'KeyHolder',
      'SessionAnswer',
      'SessionSummary',
    ]) {
      const text = JSON.stringify(jsonSchemas('draft-2020-12', 'rest')[name]);
      expect(text).not.toMatch(/shard|share|certificate|body/);
    }
  });

  it('1.9.12 leaves only setup, login, refresh and the state of the process to anyone', () => {
    const open = ROUTES.filter((route) => route.roles === 'anyone').map((route) => route.path);
    expect(open).toEqual([
      '/api/v1/setup',
      '/api/v1/auth/login',
      '/api/v1/auth/refresh',
      '/healthz',
      '/readyz',
      '/metrics',
      '/api/v1/openapi.json',
      '/api/v1/asyncapi.json',
    ]);
  });

  it('says of every route that needs a token how it is refused', () => {
    for (const route of ROUTES) {
      expect(codesOf(route).includes('unauthorised')).toBe(route.roles !== 'anyone');
    }
  });
});

describe('the AsyncAPI document', () => {
  const ajv = new Ajv({
    meta: false,
    validateSchema: false,
    strict: false,
    validateFormats: false,
  });
  const specification: object = asyncapiSpecs.schemasWithoutId['3.0.0'];
  const validate = ajv.compile(specification);

  it('is a valid AsyncAPI 3.0 document', () => {
    const valid = validate(asyncapi());
    expect(validate.errors).toBeNull();
    expect(valid).toBe(true);
  });

  it('is refused by the validator when an operation loses its action', () => {
    expect(validate({ ...asyncapi(), operations: { broken: { channel: {} } } })).toBe(false);
  });

  it('resolves every reference', () => {
    const document = asyncapi();
    for (const reference of everyReference(document)) {
      expect(resolves(document, reference), reference).toBe(true);
    }
  });

  it('holds every message of both directions', () => {
    const { components } = asyncapi();
    const messages = Reflect.get(Object(components), 'messages');
    const both = ClientMessage.options.length + ServerMessage.options.length;
    expect(Object.keys(messages)).toHaveLength(both);
  });
});

describe('the documents in docs/api', () => {
  // After a change that is meant: npx vitest run --project wire -u
  const directory = '../../../../docs/api';
  const written = (document: object) => `${JSON.stringify(document, null, 2)}\n`;

  it('are those that the schemas say', async () => {
    await expect(written(openapi())).toMatchFileSnapshot(`${directory}/openapi.json`);
    await expect(written(asyncapi())).toMatchFileSnapshot(`${directory}/asyncapi.json`);
  });
});

describe('the JSON Schemas', () => {
  it('accept and refuse as the schemas they are made from', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const { KeygenRequest = {} } = jsonSchemas('draft-7', 'messages');
    const components = { schemas: jsonSchemas('draft-7', 'messages') };
    const validate = ajv.compile({ ...KeygenRequest, components });
    const request = {
      type: 'keygen_request',
      session_key: 'k',
      threshold: 2,
      total_parts: 2,
      participants: ['用户1', '用户2'],
    };
    expect(validate(request)).toBe(true);
    expect(validate({ ...request, unknown: 1 })).toBe(false);
    expect(validate({ ...request, session_key: '../../k' })).toBe(false);
  });
});
