/** The key names of a schema, for hints about mistyped keys. */
import { z } from 'zod';

/** Every key name of a schema, at any depth, in the schema's order. */
export function keysOf(schema: z.ZodType): readonly string[] {
  // A transformation hides one side of itself: the other side names the keys.
  const sides = (['input', 'output'] as const).map((io) =>
    z.toJSONSchema(schema, { io, unrepresentable: 'any' }),
  );
  return [...new Set(sides.flatMap(namesIn))];
}

/** The names in a JSON Schema: all `properties`, wherever they stand. */
function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const own = key === 'properties' && typeof inner === 'object' ? Object.keys(inner ?? {}) : [];
    return [...own, ...namesIn(inner)];
  });
}
