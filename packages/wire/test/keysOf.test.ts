import { expect, test } from 'vitest';
import { z } from 'zod';
import { keysOf } from '../src/index.ts';

test('every key is named, at any depth, also behind a choice, a list or a transformation', () => {
  const schema = z.strictObject({
    listen: z.strictObject({ port: z.int() }).prefault({ port: 1 }),
    chip: z.preprocess(
      (value) => value ?? {},
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('a'), reader: z.string() }),
        z.strictObject({ kind: z.literal('b'), serial: z.string().transform(BigInt) }),
      ]),
    ),
    rules: z.array(z.strictObject({ amount: z.int().optional() })),
  });
  expect([...keysOf(schema)].sort()).toEqual(
    ['amount', 'chip', 'kind', 'listen', 'port', 'reader', 'rules', 'serial'].sort(),
  );
});
