/** Makes valid values of a schema from its definition. */
import { definitionOf, type Schema } from './schemas.ts';
import type { z } from 'zod';

const hex = (bytes: number): string => 'ab'.repeat(bytes);
const base64 = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64');

/** Texts of every form that a field may ask for; a field takes the first that it accepts. */
const TEXTS: readonly string[] = [
  'reason',
  'abcdefgh',
  hex(16),
  hex(32),
  hex(42),
  `0x${hex(20)}`,
  `0x02${hex(32)}`,
  `04${hex(64)}`,
  hex(65).replace(/^ab/, '04'),
  `0x${hex(32)}`,
  `0x${hex(64)}1b`,
  base64(16),
  base64(32),
  base64(64),
  base64(70),
  base64(240),
  '1,2',
  `1-${hex(16)}`,
  Array.from({ length: 8 }, () => 'abcd').join('-'),
  'https://quorate.example',
  'wss://quorate.example/peer',
  '1000',
  '2024-01-01',
];
const NUMBERS: readonly number[] = [1, 2, 0, 2048, 1000, 8080];

/** Valid values of a schema that between them have every field and every alternative of a union. */
export function samplesOf(schema: Schema): readonly unknown[] {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'string':
      return [fitting(schema, TEXTS)];
    case 'number':
      return [fitting(schema, NUMBERS)];
    case 'boolean':
      return [true];
    case 'literal':
      return definition.values.slice(0, 1);
    case 'enum':
      return Object.values(definition.entries).slice(0, 1);
    case 'null':
      return [null];
    case 'unknown':
      return ['anything'];
    case 'array':
      return [listOf(schema, definition.element)];
    case 'record':
      return [
        Object.fromEntries([[samplesOf(definition.keyType)[0], first(definition.valueType)]]),
      ];
    case 'union':
      return definition.options.flatMap(samplesOf);
    case 'optional':
    case 'nullable':
    case 'default':
      return samplesOf(definition.innerType);
    case 'pipe':
      return samplesOf(definition.in);
    case 'object':
      return objectsOf(definition.shape);
    case 'never':
    case 'transform':
      throw new Error(`no sample of a schema of type ${definition.type}`);
  }
}

/** One valid value. */
export function first(schema: Schema): unknown {
  return samplesOf(schema)[0];
}

function objectsOf(shape: z.core.$ZodShape): readonly unknown[] {
  const fields = Object.entries(shape).map(([name, part]) => [name, samplesOf(part)] as const);
  const base = Object.fromEntries(fields.map(([name, [value]]) => [name, value]));
  const others = fields.flatMap(([name, [, ...rest]]) =>
    rest.map((value) => ({ ...base, [name]: value })),
  );
  return [base, ...others];
}

/** The shortest list that the schema accepts, of as many different items as there are. */
function listOf(schema: Schema, element: Schema): unknown {
  const [one, ...others] = samplesOf(element);
  const lists = [[one, ...others], [one], [], [one, one]];
  const list = lists.find((items) => accepts(schema, items));
  if (list === undefined) throw new Error('no sample of a list');
  return list;
}

function fitting(schema: Schema, candidates: readonly unknown[]): unknown {
  const found = candidates.find((candidate) => accepts(schema, candidate));
  if (found === undefined) throw new Error('a field accepts no sample; add one to samples.ts');
  return found;
}

/** Whether a schema accepts a value. */
export function accepts(schema: Schema, value: unknown): boolean {
  return (schema as z.ZodType).safeParse(value).success;
}

/** A place in a value: the keys that lead there. */
export type Path = readonly (string | number)[];

/** Every place in a value, the value itself first. */
export function placesIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Array.isArray(value)
    ? value.flatMap((item, at) => placesIn(item, [...path, at]))
    : Object.entries(value).flatMap(([key, item]) => placesIn(item, [...path, key]));
  return [path, ...inside];
}

/** The value at a place. */
export function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((from, key) => (from as Record<string, unknown>)[key], value);
}

/** A copy with something else at a place. */
export function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.with(Number(key), replaced(value[Number(key)], rest, by));
  const object = value as Record<string, unknown>;
  return { ...object, [key]: replaced(object[key], rest, by) };
}
