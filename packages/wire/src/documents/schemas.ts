/** JSON Schemas of all named schemas, made from the schemas that validate. */
import { z } from 'zod';
import * as fields from '../fields.ts';
import { CEREMONIES } from '../ceremonies/index.ts';
import * as chip from '../messages/chip.ts';
import * as directions from '../messages/index.ts';
import * as link from '../messages/link.ts';
import * as round from '../messages/round.ts';
import * as status from '../messages/status.ts';
import * as audit from '../rest/audit.ts';
import * as chips from '../rest/chips.ts';
import * as common from '../rest/common.ts';
import * as keys from '../rest/keys.ts';
import * as people from '../rest/people.ts';
import * as replacements from '../rest/replacements.ts';
import * as sessions from '../rest/sessions.ts';

const MESSAGES: readonly object[] = [
  fields,
  directions,
  link,
  ...Object.values(CEREMONIES).flatMap((shape) => [shape, shape.named]),
  round,
  chip,
  status,
];
const shared = { SessionStateName: status.SessionStateName };
const REST: readonly object[] = [
  fields,
  shared,
  common,
  people,
  chips,
  replacements,
  keys,
  sessions,
  audit,
];

/** A JSON object of a document. */
export type JsonObject = { [key: string]: unknown };

/** The dialect: AsyncAPI 3.0 reads draft 7, OpenAPI 3.1 reads 2020-12. */
export type Dialect = 'draft-7' | 'draft-2020-12';

/** The name of a schema in the documents; undefined if it has none. */
export function nameOf(schema: z.core.$ZodType): string | undefined {
  return z.globalRegistry.get(schema)?.id;
}

/** A reference to a named schema, valid in both kinds of document. */
export function referenceTo(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** Schemas by name, of the WebSocket messages, of REST, or of both, with references between them. */
export function jsonSchemas(
  dialect: Dialect = 'draft-2020-12',
  of: 'messages' | 'rest' | 'all' = 'all',
): Record<string, JsonObject> {
  return namedSchemas(
    [...(of === 'rest' ? [] : MESSAGES), ...(of === 'messages' ? [] : REST)],
    dialect,
  );
}

/** Schemas by name of all named exports of these modules. */
export function namedSchemas(
  modules: readonly object[],
  dialect: Dialect,
): Record<string, JsonObject> {
  const registry = z.registry<{ id: string; description?: string }>();
  for (const value of modules.flatMap((module): unknown[] => Object.values(module))) {
    if (value instanceof z.ZodType) addNamed(registry, value);
  }
  const { schemas } = z.toJSONSchema(registry, {
    target: dialect,
    uri: (id) => `#/components/schemas/${id}`,
  });
  const named = Object.entries(schemas).map(([name, schema]) => [name, strip(schema)] as const);
  return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The JSON Schema of one schema: a reference if it has a name. */
export function schemaOf(schema: z.ZodType, dialect: Dialect): JsonObject {
  const name = nameOf(schema);
  return name === undefined ? strip(inline(schema, dialect)) : referenceTo(name);
}

function inline(schema: z.ZodType, dialect: Dialect): JsonObject {
  // Writes out named parts here: parameters are small and stand alone.
  return { ...z.toJSONSchema(schema, { target: dialect, metadata: z.registry<{ id: string }>() }) };
}

/** The schemas that a part of the document refers to, directly or through others. */
export function reachableFrom(
  part: unknown,
  schemas: Readonly<Record<string, JsonObject>>,
): Record<string, JsonObject> {
  const names = new Set<string>();
  const open: unknown[] = [part];
  while (open.length > 0) {
    for (const [, name = ''] of JSON.stringify(open.pop()).matchAll(REFERENCE)) {
      if (names.has(name)) continue;
      names.add(name);
      open.push(schemas[name] ?? {});
    }
  }
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => names.has(name)));
}

const REFERENCE = /"#\/components\/schemas\/(\w+)"/g;

type Registry = z.core.$ZodRegistry<{ id: string; description?: string }>;

function addNamed(registry: Registry, schema: z.ZodType): void {
  const meta = z.globalRegistry.get(schema);
  if (meta?.id === undefined || registry.has(schema)) return;
  const { id, description } = meta;
  registry.add(schema, description === undefined ? { id } : { id, description });
}

function strip(schema: object): JsonObject {
  const { $schema: _dialect, $id: _id, id: _name, ...rest } = { ...schema } as JsonObject;
  return rest;
}
