/** Walks zod schemas by their definitions, so that no field of any of them is left out. */
import * as wire from '@quorate/wire';
import type { z } from 'zod';

/** Any schema; only its definition is read. */
export type Schema = z.core.$ZodType;

/** One schema and the name by which a failure tells it. */
export interface NamedSchema {
  readonly name: string;
  readonly schema: Schema;
}

/** Every schema that the wire exports or a route uses. Nothing has to be entered anywhere. */
export function wireSchemas(): readonly NamedSchema[] {
  const exported = Object.entries(wire).flatMap(([name, value]) =>
    isSchema(value) ? [{ name, schema: value }] : [],
  );
  const routes = [
    ...wire.ROUTES.map((route) => ({ name: `${route.method} ${route.path}`, route })),
    ...wire.COSIGNER_ROUTES.map((route) => ({ name: `cosigner ${route.id}`, route })),
  ];
  const parts = (['params', 'query', 'body', 'answer'] as const).flatMap((part) =>
    routes.flatMap(({ name, route }) => {
      const schema: unknown = route[part];
      return isSchema(schema) ? [{ name: `${name} ${part}`, schema }] : [];
    }),
  );
  return [...exported, ...parts];
}

/** True for a zod schema. */
function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && '_zod' in value && 'safeParse' in value;
}

/** The kinds of schema that the walk knows. */
const KINDS = [
  'object',
  'array',
  'record',
  'union',
  'optional',
  'nullable',
  'default',
  'pipe',
  'string',
  'number',
  'boolean',
  'literal',
  'enum',
  'null',
  'never',
  'unknown',
  'transform',
] as const;

type Definition = Extract<z.core.$ZodTypes['_zod']['def'], { type: (typeof KINDS)[number] }>;

/** The parts of a schema. @throws Error for a kind of schema that the walk does not know */
export function definitionOf(schema: Schema): Definition {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (!KINDS.some((kind) => kind === def.type)) {
    throw new Error(`the walk knows no schema of type ${def.type}`);
  }
  return def as Definition;
}

/** The schemas directly inside one. */
function partsOf(schema: Schema): readonly Schema[] {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'object':
      return [
        ...Object.values(definition.shape),
        ...(definition.catchall === undefined ? [] : [definition.catchall]),
      ];
    case 'array':
      return [definition.element];
    case 'record':
      return [definition.keyType, definition.valueType];
    case 'union':
      return definition.options;
    case 'optional':
    case 'nullable':
    case 'default':
      return [definition.innerType];
    case 'pipe':
      return [definition.in, definition.out];
    case 'string':
    case 'number':
    case 'boolean':
    case 'literal':
    case 'enum':
    case 'null':
    case 'never':
    case 'unknown':
    case 'transform':
      return [];
  }
}

/** A schema and everything inside it, each once, with the path of its first appearance. */
export function everySchema(roots: readonly NamedSchema[]): readonly NamedSchema[] {
  const found = new Map<Schema, string>();
  const visit = (schema: Schema, name: string): void => {
    if (found.has(schema)) return;
    found.set(schema, name);
    const definition = definitionOf(schema);
    const keys = definition.type === 'object' ? Object.keys(definition.shape) : [];
    for (const [at, part] of partsOf(schema).entries()) visit(part, `${name}.${keys[at] ?? at}`);
  };
  for (const { schema, name } of roots) visit(schema, name);
  return [...found].map(([schema, name]) => ({ name, schema }));
}

/** The checks of a schema, in the order in which they run. */
export function checksOf(schema: Schema): readonly z.core.$ZodCheck[] {
  return definitionOf(schema).checks ?? [];
}
